/**
 * The chunks of blobs, for all streams that read them at the same time: nodes of a cluster pull the same layers at once.
 * One stream reads a chunk, and the others take it from memory. Nothing is kept for a stream alone: the next one reads
 * the store.
 *
 * Streams drift apart. Of the chunks that no stream has just now, those are kept that a stream reaches soonest: one that
 * is behind in the same blob, or one of another blob, which may begin this one next. To keep those that were used last
 * is of no use to a stream that is further behind than all of them: it would find each chunk just dropped.
 */
import type { ByteRange } from '../core/oci/range.ts'
import type { BufferPool, SharedBuffer } from './buffer-pool.ts'

export type FilledBuffer = {
  readonly buffer: SharedBuffer
  readonly bytes: Uint8Array
}

/** A chunk that a stream has taken, and has to give back. */
export type SharedChunk = { readonly filled: Promise<FilledBuffer> }

type Blob = {
  readonly identity: unknown
  readonly read: (range: ByteRange) => Promise<FilledBuffer>
  readonly chunks: Map<string, Entry>
  readonly streams: Set<ChunkStream>
}

type Entry = SharedChunk & {
  readonly blob: Blob
  readonly key: string
  readonly start: number
  readonly length: number
  users: number
  /** Once it is read. */
  memory: FilledBuffer | undefined
  /** Whether its memory must not be used again. */
  isSpoiled: boolean
}

/**
 * Bytes of chunks that no stream has just now. Eight whole pulls of 151 MB read 16 % of their bytes with 12 MB, 20 % with 8,
 * and 12.5 % would be each byte once.
 */
const MAX_UNUSED_BYTES = 12 * 1024 * 1024
/** Once there are more, so many are kept. Then the order isn't looked for again with each small chunk. */
const KEPT_BYTES = MAX_UNUSED_BYTES - 2 * 1024 * 1024

export class SharedChunks {
  readonly #pool: BufferPool
  readonly #blobs = new Map<unknown, Blob>()
  /** Chunks that no stream has. */
  readonly #unused = new Set<Entry>()
  #unusedBytes = 0
  #streams = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /**
   * Adds a stream.
   * @param identity the same for all streams of a blob.
   * @param read fills a buffer of the pool with the bytes of a range.
   */
  join(identity: unknown, read: (range: ByteRange) => Promise<FilledBuffer>): ChunkStream {
    const blob = this.#blobs.get(identity) ?? { identity, read, chunks: new Map(), streams: new Set() }
    this.#blobs.set(identity, blob)
    const stream = new ChunkStream(this, blob)
    blob.streams.add(stream)
    this.#streams += 1
    return stream
  }

  /** Takes a stream away that has given its chunks back. */
  leave(stream: ChunkStream): void {
    const { blob } = stream
    blob.streams.delete(stream)
    if (blob.streams.size === 0) this.#blobs.delete(blob.identity)
    this.#streams -= 1
    for (const entry of this.#unused)
      if (this.#streams <= 1 || entry.blob.streams.size === 0) this.#drop(entry)
  }

  take(blob: Blob, range: ByteRange): SharedChunk {
    const key = `${range.start}-${range.end}`
    const known = blob.chunks.get(key)
    if (known !== undefined) {
      if (this.#unused.delete(known)) this.#unusedBytes -= known.length
      known.users += 1
      return known
    }
    const entry: Entry = {
      filled: blob.read(range),
      blob,
      key,
      start: range.start,
      length: range.end - range.start,
      users: 1,
      memory: undefined,
      isSpoiled: false,
    }
    blob.chunks.set(key, entry)
    entry.filled.then(
      (memory) => (entry.memory = memory),
      // A stream that comes later tries again.
      () => forget(entry),
    )
    return entry
  }

  give(chunk: SharedChunk, isSpoiled: boolean): void {
    const entry = chunk as Entry
    entry.users -= 1
    entry.isSpoiled ||= isSpoiled
    if (entry.users > 0) return
    this.#unused.add(entry)
    this.#unusedBytes += entry.length
    if (this.#streams <= 1 || !isKnown(entry)) this.#drop(entry)
    else if (this.#unusedBytes > MAX_UNUSED_BYTES) this.#trim(() => this.#unusedBytes <= KEPT_BYTES)
  }

  /** Drops chunks that no stream has, until there is room for a buffer or none is left. */
  makeRoom(hasRoom: () => boolean): void {
    if (!hasRoom()) this.#trim(hasRoom)
  }

  /** Drops the chunks that streams reach last. */
  #trim(isEnough: () => boolean): void {
    /** Bytes that a stream has to go before it reaches a chunk. */
    const waits = new Map<Entry, number>()
    const positions = new Map<Blob, readonly number[]>()
    for (const entry of this.#unused) {
      const { blob } = entry
      const found = positions.get(blob) ?? this.#positions(blob)
      positions.set(blob, found)
      const behind = found.findLast((at) => at <= entry.start) ?? Number.NEGATIVE_INFINITY
      waits.set(entry, entry.start - behind)
    }
    for (const [entry] of [...waits].toSorted(([, a], [, b]) => b - a)) {
      if (isEnough()) return
      this.#drop(entry)
    }
  }

  /** The places in a blob where its streams are, and where others may begin it. */
  #positions({ streams }: Blob): readonly number[] {
    const at = [...streams].map((stream) => stream.at).toSorted((a, b) => a - b)
    return streams.size < this.#streams ? [0, ...at] : at
  }

  #drop(entry: Entry): void {
    if (!this.#unused.delete(entry)) return
    this.#unusedBytes -= entry.length
    forget(entry)
    if (entry.memory !== undefined) this.#giveBack(entry, entry.memory)
    else
      entry.filled.then(
        (memory) => this.#giveBack(entry, memory),
        () => undefined,
      )
  }

  #giveBack({ isSpoiled }: Entry, { buffer, bytes }: FilledBuffer): void {
    if (isSpoiled) this.#pool.giveLater(buffer, bytes)
    else this.#pool.give(buffer)
  }
}

/** A stream of a blob's chunks. */
export class ChunkStream {
  readonly blob: Blob
  readonly #chunks: SharedChunks
  /** The end of the chunk that it took last. */
  at = 0

  constructor(chunks: SharedChunks, blob: Blob) {
    this.#chunks = chunks
    this.blob = blob
  }

  /** Takes a chunk that was read for another stream, or reads it. */
  take(range: ByteRange): SharedChunk {
    this.at = range.end
    return this.#chunks.take(this.blob, range)
  }

  /** @param isSpoiled whether somebody may go on to read its memory. */
  give(chunk: SharedChunk, isSpoiled: boolean): void {
    this.#chunks.give(chunk, isSpoiled)
  }

  /** Ends the stream, once it has given its chunks back. */
  leave(): void {
    this.#chunks.leave(this)
  }
}

/** Whether the next stream takes this entry for its range. One that failed to read is forgotten. */
function isKnown(entry: Entry): boolean {
  return entry.blob.chunks.get(entry.key) === entry
}

function forget(entry: Entry): void {
  if (isKnown(entry)) entry.blob.chunks.delete(entry.key)
}
