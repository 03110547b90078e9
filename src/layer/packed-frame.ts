/**
 * Frames in little memory: each page packed by itself. Headers of a tar are mostly zeros and repeated names: of
 * 200 000 files they are 102 MB, packed 3 MB (measured), and a page is unpacked in a tenth of a millisecond.
 */
import { asByteString } from '../core/byte-string.ts'
import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import type { FramePage, LayerFrame } from '../core/tar/frame.ts'

/** Plain data of a frame, so that it can go from thread to thread. */
export type PackedFrame = {
  /** Bytes of the tar. */
  readonly size: number
  /** The packed pages, one behind the other. */
  readonly bytes: Uint8Array
  /** Offsets within `bytes` at which pages end. */
  readonly pageEnds: Float64Array
  /** Offsets within the tar at which pages begin. */
  readonly pageStarts: Float64Array
}

/** Packed smaller by the higher levels, but by a tenth only. */
const PACK = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 8 * 1024 }
/** A page and what is about it comes out in one piece; in two it takes twice as long. */
const UNPACK = { chunkSize: 96 * 1024 }
/** For the page of a layer of a few files: the collector takes its time with what is left of a piece. */
const UNPACK_SMALL = { chunkSize: 16 * 1024 }
/** Bytes of such a page, packed. */
const SMALL = 512
const FLOAT_SIZE = 8
/** Bytes of a packed frame of some 4 000 files. */
const LARGE = 64 * 1024
/** Pages that wait until there are more: the frame of a small layer is rarely needed, and quickly walked. */
const FEW_PAGES = 8
/** Between the paths of a page: no path has it. */
const PATH_END = '\0'
/** The text of a path and what V8 has about it. */
const BYTES_PER_PATH = 150

export async function packFrame(
  pages: Iterable<FramePage>,
  /** Called after each page, so that other work gets its turn. */
  pause: () => Promise<unknown>,
): Promise<PackedFrame> {
  const packer = new FramePacker()
  for (const page of pages) {
    packer.add(page)
    await pause()
  }
  return packer.packed()
}

/** Packs a frame page by page. */
export class FramePacker {
  readonly #packed: Uint8Array[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #waiting: FramePage[] = []
  #size = 0
  #end = 0

  add(page: FramePage): void {
    this.#waiting.push(page)
    if (!this.isSmall) this.#packWaiting()
  }

  /** Whether so few pages were added that none is packed yet. */
  get isSmall(): boolean {
    return this.#packed.length === 0 && this.#waiting.length <= FEW_PAGES
  }

  #packWaiting(): void {
    for (const page of this.#waiting) this.#pack(page)
    this.#waiting = []
  }

  #pack(page: FramePage): void {
    const bytes = packPage(page)
    this.#packed.push(bytes)
    this.#starts.push(this.#size)
    this.#size += page.size
    this.#end += bytes.length
    this.#ends.push(this.#end)
  }

  packed(): PackedFrame {
    this.#packWaiting()
    // In memory of its own, not of Node's pool, so that a thread can pass it on to another.
    const bytes = new Uint8Array(this.#end)
    for (const [i, piece] of this.#packed.entries()) bytes.set(piece, (this.#ends[i] ?? 0) - piece.length)
    return {
      size: this.#size,
      bytes,
      pageEnds: Float64Array.from(this.#ends),
      pageStarts: Float64Array.from(this.#starts),
    }
  }
}

/** Bytes of memory that a packed frame takes. */
export function packedSize({ bytes, pageEnds, pageStarts }: PackedFrame): number {
  return bytes.length + pageEnds.byteLength + pageStarts.byteLength
}

/** Whether to walk the files again takes longer than to read the frame from disk. */
export function isLarge(packed: PackedFrame): boolean {
  return packedSize(packed) >= LARGE
}

/** All pages, in their order. */
export function* unpackedPages(packed: PackedFrame): Generator<FramePage> {
  for (let i = 0; i < packed.pageStarts.length; i++) yield pageOf(packed, i)
}

/** Unpacked pages of all frames that are in use, within a limit: what many clients read at once is unpacked once. */
export class PageCache {
  readonly #pages: LRUCache<string, FramePage>
  #nextFrame = 0

  /** @param maxBytes of unpacked pages. */
  constructor(maxBytes: number) {
    this.#pages = new LRUCache({ maxSize: maxBytes, sizeCalculation: unpackedSize })
  }

  /** The frame that was packed. Its pages are unpacked when they are needed. */
  open(packed: PackedFrame): LayerFrame {
    const frame = this.#nextFrame++
    return {
      size: packed.size,
      pageStarts: packed.pageStarts,
      page: (i) => {
        const key = `${frame} ${i}`
        const known = this.#pages.get(key)
        if (known !== undefined) return known
        const page = pageOf(packed, i)
        this.#pages.set(key, page)
        return page
      },
    }
  }
}

function pageOf({ size, bytes, pageEnds, pageStarts }: PackedFrame, i: number): FramePage {
  const start = pageStarts[i]
  const end = pageEnds[i]
  if (start === undefined || end === undefined)
    throw new RangeError(`the frame has ${pageStarts.length} pages, not page ${i}`)
  return unpackPage(bytes.subarray(pageEnds[i - 1] ?? 0, end), (pageStarts[i + 1] ?? size) - start)
}

/** For the page that is being packed: memory of its own for each would be 100 MB before it is collected. */
let scratch = Buffer.alloc(0)

/** Number of files; where they begin; their sizes; their paths; the bytes. */
function packPage({ bytes, paths, fileSizes, fileStarts }: FramePage): Uint8Array {
  const names = Buffer.from(paths.join(PATH_END), 'latin1')
  const head = Buffer.from(Float64Array.of(paths.length, names.length, ...fileStarts, ...fileSizes).buffer)
  const length = head.length + names.length + bytes.length
  if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length)
  head.copy(scratch)
  names.copy(scratch, head.length)
  scratch.set(bytes, head.length + names.length)
  // A copy: what zlib gives is a small part of the memory that it took.
  return Uint8Array.from(zstdCompressSync(scratch.subarray(0, length), PACK))
}

function unpackPage(packed: Uint8Array, size: number): FramePage {
  const all = zstdDecompressSync(packed, packed.length < SMALL ? UNPACK_SMALL : UNPACK)
  const [count = 0, namesLength = 0] = floats(all, 0, 2)
  const starts = 2 * FLOAT_SIZE
  const sizes = starts + count * FLOAT_SIZE
  const names = sizes + count * FLOAT_SIZE
  const text = all.toString('latin1', names, names + namesLength)
  return {
    fileStarts: floats(all, starts, count),
    fileSizes: floats(all, sizes, count),
    paths: count === 0 ? [] : text.split(PATH_END).map(asByteString),
    // A copy: most pages are much smaller than the piece that zlib made them in.
    bytes: Uint8Array.from(all.subarray(names + namesLength)),
    size,
  }
}

/** A copy: where they lie among other bytes, numbers may not be aligned. */
function floats(bytes: Buffer, at: number, count: number): Float64Array {
  const copy = new Uint8Array(count * FLOAT_SIZE)
  copy.set(bytes.subarray(at, at + copy.length))
  return new Float64Array(copy.buffer)
}

/** About as much as a page takes. */
function unpackedSize({ bytes, paths }: FramePage): number {
  return Math.max(1, bytes.length + paths.length * BYTES_PER_PATH)
}
