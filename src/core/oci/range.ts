/**
 * One byte range of a blob. Several ranges in one header are answered with the whole blob, which every client takes;
 * a reply in parts would have to hold exactly one part a range, in order. Source: RFC 9110 section 14.
 */

/** Bytes `start` up to, and without, `end`. */
export type ByteRange = { readonly start: number; readonly end: number }

export type RangeRequest =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' }

/** Names of units are case-insensitive. */
const SINGLE = /^bytes=\s*(\d*)-(\d*)\s*$/i

/**
 * @param header the Range header, if any. What is no well-formed single range of bytes is ignored, as the RFC asks.
 * @param size bytes of the whole blob.
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  const match = header === undefined ? null : SINGLE.exec(header)
  if (match === null) return { kind: 'whole' }
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return { kind: 'whole' }
  if (first === '') {
    const suffix = Number(last)
    if (suffix === 0 || size === 0) return { kind: 'unsatisfiable' }
    return { kind: 'part', range: { start: Math.max(0, size - suffix), end: size } }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return { kind: 'whole' } // reversed: not a valid range at all
  if (start >= size) return { kind: 'unsatisfiable' }
  return { kind: 'part', range: { start, end } }
}
