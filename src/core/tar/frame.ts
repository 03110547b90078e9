/**
 * The frame of a layer's tar: all that isn't a file's content, and where each file's content goes. A frame is cut into
 * *pages*, so that a layer of 200 000 files needs no 100 MB in one piece: a page is made, hashed, packed or read alone.
 */
import type { ByteString } from '../byte-string.ts'

/** One stretch of the tar. The content of a file of the store lies in one page as a whole. */
export type FramePage = {
  /** Headers, padding, trailer and contents made here, in the order of the tar. */
  readonly bytes: Uint8Array
  /** The store's files with content, in the order of the tar. */
  readonly paths: readonly ByteString[]
  readonly fileSizes: Float64Array
  /** Offsets within this page's stretch of the tar, at which the contents of files begin. */
  readonly fileStarts: Float64Array
  /** Bytes of the tar, contents of files included. */
  readonly size: number
}

export type LayerFrame = {
  /** Bytes of the tar. */
  readonly size: number
  /** Offsets within the tar at which pages begin, ascending. */
  readonly pageStarts: Float64Array
  /** @param i an index of `pageStarts`. */
  readonly page: (i: number) => FramePage
}

/**
 * Bytes of a page, contents of files left out: about 100 entries of a layer. Larger ones pack no better, and one must
 * be unpacked for a range of one byte.
 */
const PAGE_SIZE = 64 * 1024
/** Room for what most layers have, a dozen entries. A larger one doubles it a few times. */
const FIRST_ROOM = 8 * 1024
/** Files of a page at most, where little lies between them. */
const PAGE_FILES = 500

/** Collects the parts of a frame in their order. */
export type FrameBuilder = {
  readonly bytes: (piece: Uint8Array) => void
  readonly zeros: (count: number) => void
  /** The content of a file of the store. */
  readonly file: (path: ByteString, size: number) => void
  /** Bytes of the tar so far. */
  readonly size: () => number
  /** Returns a page, once enough was collected since the last one. */
  readonly fullPage: () => Generator<FramePage>
  /** The rest. */
  readonly lastPage: () => FramePage
}

export function frameBuilder(): FrameBuilder {
  let memory = new Uint8Array(FIRST_ROOM)
  /** Bytes of the page so far, at the beginning of `memory`. */
  let used = 0
  let paths: ByteString[] = []
  let fileSizes: number[] = []
  let fileStarts: number[] = []
  let pageStart = 0
  let at = 0
  /** Makes room for bytes, and counts them. Returns where they go. */
  const grow = (count: number): number => {
    const start = used
    used += count
    at += count
    if (used > memory.length) {
      const larger = new Uint8Array(2 * used)
      larger.set(memory)
      memory = larger
    }
    return start
  }
  const page = (): FramePage => {
    const made = {
      bytes: memory.slice(0, used),
      paths,
      fileSizes: new Float64Array(fileSizes),
      fileStarts: new Float64Array(fileStarts),
      size: at - pageStart,
    }
    used = 0
    paths = []
    fileSizes = []
    fileStarts = []
    pageStart = at
    return made
  }
  return {
    bytes: (piece) => {
      const start = grow(piece.length)
      memory.set(piece, start)
    },
    zeros: (count) => {
      const start = grow(count)
      memory.fill(0, start, used)
    },
    file: (path, size) => {
      if (size > 0) {
        paths.push(path)
        fileSizes.push(size)
        fileStarts.push(at - pageStart)
      }
      at += size
    },
    size: () => at,
    fullPage: function* () {
      if (used >= PAGE_SIZE || paths.length >= PAGE_FILES) yield page()
    },
    lastPage: page,
  }
}

/** Adds a content that was made here. However large it is, no page is. */
export function* madeHere(frame: FrameBuilder, content: Uint8Array): Generator<FramePage> {
  for (let at = 0; at < content.length; at += PAGE_SIZE) {
    frame.bytes(content.subarray(at, at + PAGE_SIZE))
    yield* frame.fullPage()
  }
}

/** The frame that has these pages, all of which stay in memory. */
export function frameOfPages(pages: Iterable<FramePage>): LayerFrame {
  const kept = [...pages]
  let size = 0
  const pageStarts = Float64Array.from(kept, (page) => {
    const start = size
    size += page.size
    return start
  })
  return {
    size,
    pageStarts,
    page: (i) => {
      const page = kept[i]
      if (page === undefined) throw new RangeError(`the frame has ${kept.length} pages, not page ${i}`)
      return page
    },
  }
}

/** The number of the page that holds a position of the tar. */
export function pageAt({ pageStarts }: LayerFrame, position: number): number {
  let low = 0
  let high = pageStarts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((pageStarts[middle] ?? 0) <= position) low = middle
    else high = middle
  }
  return low
}
