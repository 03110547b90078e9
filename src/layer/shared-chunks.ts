/**
 * The chunks of one blob, for all streams that read it at the same time: nodes of a cluster pull the same layers at once.
 * One stream reads a chunk, and the others take it from memory while it is among the chunks that were read last. A stream
 * that is slower, or began later, reads for itself. Nothing is kept once the last stream ends: the next reads the store.
 */
import type { ByteRange } from '../core/oci/range.ts'
import type { BufferPool, SharedBuffer } from './buffer-pool.ts'

export type FilledBuffer = {
  readonly buffer: SharedBuffer
  readonly bytes: Uint8Array
}

/** A chunk that a stream has taken, and has to give back. */
export type SharedChunk = { readonly filled: Promise<FilledBuffer> }

type Entry = SharedChunk & {
  readonly key: string
  readonly length: number
  users: number
  /** Whether its memory must not be used again. */
  isSpoiled: boolean
}

/** Bytes of chunks that no stream has just now, kept for those that come behind. */
const UNUSED_BYTES = 8 * 1024 * 1024

export class SharedChunks {
  readonly #pool: BufferPool
  readonly #read: (range: ByteRange) => Promise<FilledBuffer>
  readonly #entries = new Map<string, Entry>()
  /** Chunks that no stream has, the one given back longest ago first. */
  readonly #unused = new Set<Entry>()
  #unusedBytes = 0
  #streams = 0

  /** @param read fills a buffer of the pool with the bytes of a range. */
  constructor(pool: BufferPool, read: (range: ByteRange) => Promise<FilledBuffer>) {
    this.#pool = pool
    this.#read = read
  }

  /** Adds a stream. */
  join(): void {
    this.#streams += 1
  }

  /** Takes a stream away that has given its chunks back. @returns whether it was the last one. */
  leave(): boolean {
    this.#streams -= 1
    this.#trim()
    return this.#streams === 0
  }

  /** Takes a chunk that was read for another stream, or reads it. */
  take(range: ByteRange): SharedChunk {
    const key = `${range.start}-${range.end}`
    const known = this.#entries.get(key)
    if (known !== undefined) {
      if (this.#unused.delete(known)) this.#unusedBytes -= known.length
      known.users += 1
      return known
    }
    const length = range.end - range.start
    const entry: Entry = { filled: this.#read(range), key, length, users: 1, isSpoiled: false }
    this.#entries.set(key, entry)
    // A stream that comes later tries again.
    entry.filled.catch(() => this.#forget(entry))
    return entry
  }

  /** @param isSpoiled whether somebody may go on to read its memory. */
  give(chunk: SharedChunk, isSpoiled: boolean): void {
    const entry = chunk as Entry
    entry.users -= 1
    entry.isSpoiled ||= isSpoiled
    if (entry.users > 0) return
    this.#unused.add(entry)
    this.#unusedBytes += entry.length
    this.#trim()
  }

  /** A stream alone leaves none behind, and many leave one each at most. */
  #trim(): void {
    for (const entry of this.#unused) {
      if (this.#unused.size < this.#streams && this.#unusedBytes <= UNUSED_BYTES) return
      this.#unused.delete(entry)
      this.#unusedBytes -= entry.length
      this.#forget(entry)
      entry.filled.then(
        ({ buffer, bytes }) =>
          entry.isSpoiled ? this.#pool.giveLater(buffer, bytes) : this.#pool.give(buffer),
        () => undefined,
      )
    }
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
  }
}
