/** The path of a request's URL, as it was sent, and its query. */
export type Target = { readonly path: string; readonly query: URLSearchParams }

/** @param url of a request: a path, perhaps with a query. */
export function parseTarget(url = ''): Target {
  const end = url.indexOf('?')
  if (end === -1) return { path: url, query: new URLSearchParams() }
  return { path: url.slice(0, end), query: new URLSearchParams(url.slice(end)) }
}
