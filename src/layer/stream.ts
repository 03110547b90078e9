/**
 * Any byte range of any blob as a stream of chunks. Memory is bounded for all streams together: the more there are,
 * the less each reads ahead.
 */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Digest } from '../core/oci/digest.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { ByteRange } from '../core/oci/range.ts'
import { contentSize, segmentsOf, type BlobContent } from '../core/tar/segment.ts'
import { BufferPool } from './buffer-pool.ts'
import { chunksOf, type Chunk } from './chunk.ts'
import { fillWithoutFiles } from './read.ts'
import type { StoreReader } from './store-reader.ts'

/**
 * Few sizes of buffers, so that each can serve any stream next: 1.6 GB/s for one pull with large ones, 1.2 with small.
 */
const LARGE_CHUNK = 1024 * 1024
const SMALL_CHUNK = 128 * 1024
/** For thousands of clients, most of which take nothing just now: each holds two. */
const TINY_CHUNK = 16 * 1024
/** With more streams than this the readers are busy all the time anyway, and memory counts. */
const STREAMS_WITH_LARGE_CHUNKS = 2
const STREAMS_WITH_SMALL_CHUNKS = 256
/** For one stream alone: two being read, since there are two readers at least, one on its way to the socket. */
const MAX_CHUNKS_AHEAD = 3
/** Small chunks that all streams together should hold: beyond it each still gets one. */
const SMALL_CHUNKS = 64

export class BlobStreams {
  readonly #reader: StoreReader
  readonly #large = new BufferPool(LARGE_CHUNK, STREAMS_WITH_LARGE_CHUNKS * 2)
  readonly #small = new BufferPool(SMALL_CHUNK, SMALL_CHUNKS)
  readonly #tiny = new BufferPool(TINY_CHUNK, SMALL_CHUNKS)
  #active = 0

  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  /**
   * Chunks of the range, each valid until the next is asked for: its memory is used again then. So a consumer goes on
   * only when a chunk is written to the socket or compressed, not when it is queued (http/pull/send-stream.ts).
   * @throws RegistryError `unavailable` in mid-stream when a file isn't what was hashed.
   */
  async *read(content: BlobContent, range: ByteRange): AsyncGenerator<Uint8Array> {
    this.#active += 1
    const pending: Promise<Uint8Array>[] = []
    try {
      for (const chunk of chunksOf(segmentsOf(content, range), () => this.#chunkSize())) {
        const next = this.#read(chunk)
        // A consumer that stops early leaves this one unawaited.
        next.catch(() => undefined)
        pending.push(next)
        while (pending.length >= this.#chunksAhead()) yield* this.#passOn(pending.shift())
      }
      while (pending.length > 0) yield* this.#passOn(pending.shift())
    } finally {
      this.#active -= 1
    }
  }

  /** Yields a chunk and takes its memory back; not when the consumer broke off, who may still be writing it. */
  async *#passOn(chunk: Promise<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
    if (chunk === undefined) return
    const bytes = await chunk
    yield bytes
    if (bytes.buffer instanceof ArrayBuffer) this.#pool(bytes.buffer.byteLength).give(bytes.buffer)
  }

  /**
   * The same bytes, hashed on their way: the last chunk is kept back until the digest is known to be right. A range
   * costs as much as the whole, since only the whole has a digest.
   * @throws RegistryError `unavailable` before the last chunk when the blob isn't what the digest names.
   */
  async *readVerified(content: BlobContent, range: ByteRange, digest: Digest): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    let at = 0
    let kept: Uint8Array | undefined
    for await (const chunk of this.read(content, { start: 0, end: contentSize(content) })) {
      hash.update(chunk)
      const wanted = chunk.subarray(Math.max(0, range.start - at), Math.max(0, range.end - at))
      at += chunk.length
      if (wanted.length === 0) continue
      if (kept !== undefined) yield kept
      // Kept while others are read into the memory it came in.
      kept = Buffer.from(wanted)
    }
    if (`sha256:${hash.digest('hex')}` !== digest) {
      throw new RegistryError('unavailable', 'the store holds other bytes than were hashed', {
        detail: { digest },
      })
    }
    if (kept !== undefined) yield kept
  }

  #chunkSize(): number {
    if (this.#active <= STREAMS_WITH_LARGE_CHUNKS) return LARGE_CHUNK
    return this.#active <= STREAMS_WITH_SMALL_CHUNKS ? SMALL_CHUNK : TINY_CHUNK
  }

  #chunksAhead(): number {
    const share = Math.floor(SMALL_CHUNKS / Math.max(1, this.#active))
    return Math.min(MAX_CHUNKS_AHEAD, Math.max(1, share))
  }

  #pool(size: number): BufferPool {
    if (size > SMALL_CHUNK) return this.#large
    return size > TINY_CHUNK ? this.#small : this.#tiny
  }

  async #read({ segments, length }: Chunk): Promise<Uint8Array> {
    const buffer = this.#pool(length).take()
    const parts = fillWithoutFiles(segments, new Uint8Array(buffer))
    if (parts.length > 0) return new Uint8Array(await this.#reader.read(parts, buffer), 0, length)
    // Headers of thousands of empty files: with nothing to wait for, no other request would get its turn.
    await setImmediate()
    return new Uint8Array(buffer, 0, length)
  }
}
