/** The path of a request's URL, as it was sent, and its query. */

/** @param url of a request: a path, perhaps with a query. */
export function pathOf(url = ''): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** @param url as `pathOf` takes it. */
export function queryOf(url = ''): URLSearchParams {
  const end = url.indexOf('?')
  return new URLSearchParams(end === -1 ? '' : url.slice(end))
}
