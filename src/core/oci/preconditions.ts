/**
 * Preconditions of a request (RFC 9110, section 13), for resources that have an entity tag and no date of modification.
 * So dates in If-Modified-Since and If-Unmodified-Since are ignored, as the RFC asks (13.1.3, 13.1.4), and one in
 * If-Range never matches (13.1.5).
 */

/** Values of the headers, if the request has them. */
export type Preconditions = {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifRange?: string | undefined
}

/** `weak`: the same content, but maybe not the same bytes (8.8.1). */
export type EntityTag = { readonly opaque: string; readonly isWeak: boolean }

/** `failed` is 412. */
export type Verdict = 'perform' | 'not-modified' | 'failed'

/** The order of 13.2.2, for GET and HEAD of something that is there. */
export function evaluatePreconditions({ ifMatch, ifNoneMatch }: Preconditions, current: EntityTag): Verdict {
  if (ifMatch !== undefined && !lists(ifMatch, current, strongly)) return 'failed'
  if (ifNoneMatch !== undefined && lists(ifNoneMatch, current, weakly)) return 'not-modified'
  return 'perform'
}

/** Whether a Range counts: without an If-Range, or with the very entity tag that the resource has now (13.1.5). */
export function isRangeWanted({ ifRange }: Preconditions, current: EntityTag): boolean {
  if (ifRange === undefined) return true
  const [tag, ...others] = parseEntityTags(ifRange)
  return tag !== undefined && others.length === 0 && strongly(tag, current)
}

/** As the value of an ETag header. */
export function entityTagText({ opaque, isWeak }: EntityTag): string {
  return `${isWeak ? 'W/' : ''}"${opaque}"`
}

/** 13.1.1 and 13.1.2: `*` matches any representation. */
function lists(
  header: string,
  current: EntityTag,
  isSame: (one: EntityTag, other: EntityTag) => boolean,
): boolean {
  return header.trim() === '*' || parseEntityTags(header).some((tag) => isSame(tag, current))
}

/** 8.8.3.2. */
function strongly(one: EntityTag, other: EntityTag): boolean {
  return !one.isWeak && !other.isWeak && one.opaque === other.opaque
}

function weakly(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque
}

/**
 * A list of entity tags, which may have commas in them (8.8.3). A digest without quotes counts as a tag: clients of
 * Docker's registry library send it so.
 */
function parseEntityTags(header: string): readonly EntityTag[] {
  const tags: EntityTag[] = []
  let at = 0
  while (at < header.length) {
    const isWeak = header.startsWith('W/"', at)
    const start = isWeak ? at + 2 : at
    const character = header[start]
    if (character === '"') {
      const end = header.indexOf('"', start + 1)
      if (end === -1) break
      tags.push({ opaque: header.slice(start + 1, end), isWeak })
      at = end + 1
    } else if (character === ',' || character === ' ' || character === '\t') {
      at = start + 1
    } else {
      const comma = header.indexOf(',', start)
      const end = comma === -1 ? header.length : comma
      tags.push({ opaque: header.slice(start, end).trim(), isWeak: false })
      at = end
    }
  }
  return tags
}
