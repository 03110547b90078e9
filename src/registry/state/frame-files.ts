/**
 * Frames of large layers, on disk: found while a layer is hashed, and needed again whenever a range of it is read. To
 * walk 200 000 files again takes seconds, to read their frame some milliseconds.
 *
 * They are a cache within a limit: any file may be deleted at any time, and a damaged one counts as none.
 */
import { createHash } from 'node:crypto'
import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { ignoreDeletions, type DeletionListener } from '../../core/deletion.ts'
import type { Digest } from '../../core/oci/digest.ts'
import { isLarge, type PackedFrame } from '../../layer/packed-frame.ts'
import type { WalkedLayer } from '../../layer/worker.ts'
import { CacheDirectory } from '../../unpack/cache-directory.ts'
import { FILE_MODE, makeStateDirectory } from './state-directory.ts'
import { StateTrouble } from './state-trouble.ts'

/** Changes with the bytes of a file. */
const FORMAT = 1
/** Bytes of all files: frames of about four million files. */
const MAX_BYTES = 64 * 1024 * 1024
const SUM_SIZE = 32
const FLOAT_SIZE = 8

export class FrameFiles {
  readonly #path: string
  readonly #directory: CacheDirectory
  readonly #trouble: StateTrouble
  readonly #writing = new Map<string, Promise<void>>()
  /** Bytes on disk by key. */
  readonly #sizes: LRUCache<string, number>

  /** @param path of the directory. Made if it isn't there; where it can't be made, nothing is kept. */
  constructor(
    path: string,
    trouble = new StateTrouble(() => undefined),
    onDeletion: DeletionListener = ignoreDeletions,
    maxBytes = MAX_BYTES,
  ) {
    this.#path = path
    this.#directory = new CacheDirectory(path, '.frame')
    this.#trouble = trouble
    this.#sizes = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (size) => size,
      dispose: (_size, key, reason) => {
        if (reason !== 'evict') return
        const target = this.#directory.pathOf(key)
        const tell = (isDone: boolean) =>
          onDeletion({ target, reason: 'least recently used, and others need the room', isDone })
        rm(target, { force: true }).then(
          () => tell(true),
          () => tell(false),
        )
      },
    })
    try {
      makeStateDirectory(path)
      for (const { key, size } of this.#directory.wholeFiles()) this.#sizes.set(key, Math.max(1, size))
    } catch (error) {
      trouble.report(error)
    }
  }

  /** Returns the frame of a layer, if it is kept. */
  async get(digest: Digest, layer: WalkedLayer): Promise<PackedFrame | undefined> {
    const key = keyOf(digest, layer)
    await this.#writing.get(key)
    if (this.#sizes.get(key) === undefined) return undefined
    const path = this.#directory.pathOf(key)
    const frame = decoded(await readFile(path).catch(() => Buffer.alloc(0)))
    if (frame === undefined) this.#sizes.delete(key)
    else {
      const now = new Date()
      await utimes(path, now, now).catch(() => undefined)
    }
    return frame
  }

  /** Keeps the frame of a layer, if it is large. Fails never: what can't be written is not kept. */
  put(digest: Digest, layer: WalkedLayer, frame: PackedFrame): void {
    if (!isLarge(frame)) return
    const key = keyOf(digest, layer)
    const writing = this.#write(key, encoded(frame))
      .catch((error: unknown) => this.#trouble.report(error))
      .finally(() => this.#writing.delete(key))
    this.#writing.set(key, writing)
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await Promise.all(this.#writing.values())
  }

  async #write(key: string, bytes: Uint8Array): Promise<void> {
    makeStateDirectory(this.#path)
    const partial = this.#directory.partialPath(key)
    try {
      await writeFile(partial, bytes, { mode: FILE_MODE })
      await rename(partial, this.#directory.pathOf(key))
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined)
      throw error
    }
    this.#sizes.set(key, bytes.length)
    this.#trouble.clear()
  }
}

/** The same bytes may come from other paths, where an image says where its files go. */
function keyOf(digest: Digest, { paths, style, format }: WalkedLayer): string {
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, digest, paths, style ?? null, format ?? null]))
    .digest('hex')
}

/** The sum of what follows; the number of pages and the size of the layer; where pages end and begin; the pages. */
function encoded({ size, bytes, pageEnds, pageStarts }: PackedFrame): Buffer {
  const numbers = Float64Array.of(pageEnds.length, size, ...pageEnds, ...pageStarts)
  const all = Buffer.concat([Buffer.alloc(SUM_SIZE), Buffer.from(numbers.buffer), bytes])
  sumOf(all).copy(all)
  return all
}

/** Nothing for what isn't whole. */
function decoded(all: Buffer): PackedFrame | undefined {
  if (all.length < SUM_SIZE + 2 * FLOAT_SIZE || !sumOf(all).equals(all.subarray(0, SUM_SIZE)))
    return undefined
  const pages = all.readDoubleLE(SUM_SIZE)
  const numbersEnd = SUM_SIZE + (2 + 2 * pages) * FLOAT_SIZE
  const numbers = new Float64Array(Uint8Array.from(all.subarray(SUM_SIZE, numbersEnd)).buffer)
  return {
    size: numbers[1] ?? 0,
    pageEnds: numbers.slice(2, 2 + pages),
    pageStarts: numbers.slice(2 + pages),
    bytes: new Uint8Array(all.buffer, all.byteOffset + numbersEnd, all.length - numbersEnd),
  }
}

function sumOf(all: Buffer): Buffer {
  return createHash('sha256').update(all.subarray(SUM_SIZE)).digest()
}
