/** Pages of a tag list: `n` and `last` of end-8b. Source: OCI distribution-spec, "Listing Tags". */

export type PageQuery = { readonly n: number | undefined; readonly last: string | undefined }
export type TagPage = { readonly tags: readonly string[]; readonly next: string | undefined }

export function parsePageQuery(query: URLSearchParams): PageQuery {
  const n = query.get('n')
  return { n: n !== null && /^\d+$/.test(n) ? Number(n) : undefined, last: query.get('last') ?? undefined }
}

/** @param tags sorted. @returns with `next` the query of the page behind this one, if there is one. */
export function pageOf(tags: readonly string[], { n, last }: PageQuery): TagPage {
  const after = last === undefined ? tags : tags.filter((tag) => tag > last)
  const page = after.slice(0, n ?? after.length)
  const end = page.at(-1)
  const hasMore = n !== undefined && n > 0 && after.length > n && end !== undefined
  return {
    tags: page,
    next: hasMore ? new URLSearchParams({ n: String(n), last: end }).toString() : undefined,
  }
}
