/**
 * A blob is a list of segments (bytes made here, parts of files, zeros), never a file of its own: the one idea that
 * everything else rests on. Pure: nothing is read here, only said where the bytes are.
 */
import type { ByteRange } from './range.ts'
import { BLOCK, TRAILER_SIZE, padded, tarEntrySize, tarHeader, type TarEntry } from './tar-header.ts'

export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file'
      /** Absolute path as a byte string (see tar-header.ts). */
      readonly path: string
      readonly offset: number
      readonly length: number
      /** Bytes the whole file must have: another size means that it isn't the file that was hashed. */
      readonly fileSize: number
    }
  | { readonly kind: 'zeros'; readonly length: number }

/** A tar entry and where its content comes from: bytes made here, or the store's file of the same name below `/`. */
export type LayerEntry = TarEntry & { readonly content?: Uint8Array }

/** A layer ready to be streamed: its entries, and where in the tar each begins. */
export type LayerTree = {
  readonly entries: readonly LayerEntry[]
  /** One more than entries: the last is where the trailer begins. */
  readonly starts: Float64Array
  readonly size: number
}

/** What a blob is made of. */
export type BlobContent =
  { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'tree'; readonly tree: LayerTree }

export function layerTree(entries: readonly LayerEntry[]): LayerTree {
  const starts = new Float64Array(entries.length + 1)
  let at = 0
  for (const [i, entry] of entries.entries()) {
    starts[i] = at
    at += tarEntrySize(entry)
  }
  starts[entries.length] = at
  return { entries, starts, size: at + TRAILER_SIZE }
}

export function contentSize(content: BlobContent): number {
  return content.kind === 'bytes' ? content.bytes.length : content.tree.size
}

/** The segments of `range`, in order, each cut to lie within it. No segment is empty. */
export function* segmentsOf(content: BlobContent, range: ByteRange): Generator<Segment> {
  let at = 0
  let segments: Iterable<Segment>
  if (content.kind === 'bytes') {
    segments = [{ kind: 'bytes', bytes: content.bytes }]
  } else {
    const first = entryAt(content.tree, range.start)
    at = content.tree.starts[first] ?? 0
    segments = treeSegments(content.tree, first)
  }
  for (const segment of segments) {
    const length = segmentLength(segment)
    const from = Math.max(0, range.start - at)
    const to = Math.min(length, range.end - at)
    if (from < to) yield cut(segment, from, to)
    at += length
    if (at >= range.end) return
  }
}

export function segmentLength(segment: Segment): number {
  return segment.kind === 'bytes' ? segment.bytes.length : segment.length
}

/** Bytes `from` up to `to` of a segment. */
export function cut(segment: Segment, from: number, to: number): Segment {
  if (from === 0 && to === segmentLength(segment)) return segment
  switch (segment.kind) {
    case 'bytes':
      return { kind: 'bytes', bytes: segment.bytes.subarray(from, to) }
    case 'file':
      return { ...segment, offset: segment.offset + from, length: to - from }
    case 'zeros':
      return { kind: 'zeros', length: to - from }
  }
}

function* treeSegments({ entries }: LayerTree, first: number): Generator<Segment> {
  for (let i = first; i < entries.length; i++) {
    const entry = entries[i]
    if (entry === undefined) break
    yield { kind: 'bytes', bytes: tarHeader(entry) }
    if (entry.kind !== 'file' || entry.size === 0) continue
    yield entry.content === undefined
      ? { kind: 'file', path: `/${entry.name}`, offset: 0, length: entry.size, fileSize: entry.size }
      : { kind: 'bytes', bytes: entry.content }
    const padding = padded(entry.size) - entry.size
    if (padding > 0) yield { kind: 'zeros', length: padding }
  }
  yield { kind: 'zeros', length: 2 * BLOCK }
}

/** The last entry that begins at or before `position`. */
function entryAt({ starts, entries }: LayerTree, position: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? Infinity) <= position) low = middle
    else high = middle - 1
  }
  return low
}
