/**
 * A blob is a list of segments (bytes made here, or parts of the store's files), never a file of its own: the one idea
 * that everything else rests on. Pure: nothing is read here, only said where the bytes are.
 *
 * Of a layer's tar only the *frame* is made: all that isn't a file's content, about 750 bytes a file (frame.ts).
 */
import { absolutePath, asByteString, type ByteString } from '../byte-string.ts'
import { frameBuilder, frameOfPages, madeHere, pageAt, type FramePage, type LayerFrame } from './frame.ts'
import { FORMAT_1, type TarDialect } from './layer-style.ts'
import type { ByteRange } from '../oci/range.ts'
import type { TarEntry } from './tar-header.ts'
import { padded } from './ustar-block.ts'

export type Segment =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file'
      /** Absolute. */
      readonly path: ByteString
      readonly offset: number
      readonly length: number
      /** Bytes the whole file must have: another size means that it isn't the file that was hashed. */
      readonly fileSize: number
    }

/**
 * A tar entry and where its content comes from: bytes made here; the store's file at `source`, an absolute path
 * without links; else the store's file of the same name below `/`.
 */
export type LayerEntry = TarEntry & { readonly content?: Uint8Array; readonly source?: ByteString }

/** The content of a blob. */
export type BlobContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'layer'; readonly frame: LayerFrame }
  | Slice

/** Bytes of one file, as they are. */
export type Slice = {
  readonly kind: 'slice'
  /** Absolute. */
  readonly path: ByteString
  readonly offset: number
  readonly length: number
  /** Bytes the whole file must have. */
  readonly fileSize: number
}

/** The pages of the tar that these entries make, each as soon as its entries are known. */
export function* layerPages(
  entries: Iterable<LayerEntry>,
  dialect: TarDialect = FORMAT_1,
): Generator<FramePage> {
  const frame = frameBuilder()
  for (const entry of entries) {
    frame.bytes(dialect.header(entry))
    if (entry.kind === 'file') {
      if (entry.content === undefined) frame.file(entry.source ?? absolutePath(entry.name), entry.size)
      else yield* madeHere(frame, entry.content)
      frame.zeros(padded(entry.size) - entry.size)
    }
    yield* frame.fullPage()
  }
  frame.zeros(dialect.trailerSize(frame.size()))
  yield frame.lastPage()
}

/** The tar that these entries make, all of its frame in memory. */
export function layerFrame(entries: Iterable<LayerEntry>, dialect: TarDialect = FORMAT_1): LayerFrame {
  return frameOfPages(layerPages(entries, dialect))
}

export function contentSize(content: BlobContent): number {
  switch (content.kind) {
    case 'bytes':
      return content.bytes.length
    case 'slice':
      return content.length
    case 'layer':
      return content.frame.size
  }
}

/** The segments of `range`, in order, each cut to lie within it and within the blob. No segment is empty. */
export function* segmentsOf(content: BlobContent, range: ByteRange): Generator<Segment> {
  if (content.kind === 'bytes') {
    const bytes = content.bytes.subarray(range.start, range.end)
    if (bytes.length > 0) yield { kind: 'bytes', bytes }
    return
  }
  if (content.kind === 'slice') {
    const { path, offset, fileSize } = content
    const length = Math.min(range.end, content.length) - range.start
    if (length > 0) yield { kind: 'file', path, offset: offset + range.start, length, fileSize }
    return
  }
  const { frame } = content
  const end = Math.min(range.end, frame.size)
  if (range.start >= end) return
  for (let i = pageAt(frame, range.start); (frame.pageStarts[i] ?? end) < end; i++) {
    const start = frame.pageStarts[i] ?? 0
    yield* segmentsOfPage(frame.page(i), { start: Math.max(0, range.start - start), end: end - start })
  }
}

/** The segments of a range within a page. */
export function* segmentsOfPage(page: FramePage, range: ByteRange): Generator<Segment> {
  const { bytes, paths, fileSizes, fileStarts, size } = page
  let file = firstFileEndingBehind(page, range.start)
  /** Bytes of file contents before `file`: what tar positions are ahead of positions in `bytes`. */
  let ahead = 0
  for (let i = 0; i < file; i++) ahead += fileSizes[i] ?? 0
  let at = range.start
  const stop = Math.min(range.end, size)
  while (at < stop) {
    const start = fileStarts[file] ?? size
    if (at < start) {
      const end = Math.min(start, stop)
      yield { kind: 'bytes', bytes: bytes.subarray(at - ahead, end - ahead) }
      at = end
      continue
    }
    const fileSize = fileSizes[file] ?? 0
    const end = Math.min(start + fileSize, stop)
    yield {
      kind: 'file',
      path: paths[file] ?? asByteString(''),
      offset: at - start,
      length: end - at,
      fileSize,
    }
    at = end
    ahead += fileSize
    file += 1
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
  }
}

/** The number of the first file whose content ends behind `position`; the number of files if there is none. */
function firstFileEndingBehind({ fileStarts, fileSizes, paths }: FramePage, position: number): number {
  let low = 0
  let high = paths.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((fileStarts[middle] ?? 0) + (fileSizes[middle] ?? 0) > position) high = middle
    else low = middle + 1
  }
  return low
}
