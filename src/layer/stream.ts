/**
 * Any byte range of any blob as a stream of chunks. Memory is bounded for all streams together: the more there are,
 * the smaller their chunks, so that 64 pulls at once need no more than one.
 */
import { createHash } from 'node:crypto'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { ByteRange } from '../core/range.ts'
import { contentSize, segmentsOf, type BlobContent } from '../core/segment.ts'
import { chunksOf, type Chunk } from './chunk.ts'
import { readSegments } from './read.ts'
import type { StoreReader } from './store-reader.ts'

/** Bytes that all streams together may have read ahead. */
const READ_AHEAD_BUDGET = 24 * 1024 * 1024
/** Larger chunks gain nothing: 1 MiB already streams at the speed of memory. */
const MAX_CHUNK = 1024 * 1024
/** Smaller ones cost more in messages between threads than they save. */
const MIN_CHUNK = 64 * 1024
/** One chunk on its way to the socket, one being read. */
const CHUNKS_PER_STREAM = 2

export class BlobStreams {
  readonly #reader: StoreReader
  #active = 0

  constructor(reader: StoreReader) {
    this.#reader = reader
  }

  /** @throws RegistryError `unavailable` in mid-stream when a file isn't what was hashed. */
  async *read(content: BlobContent, range: ByteRange): AsyncGenerator<Uint8Array> {
    this.#active += 1
    let ahead: Promise<Uint8Array> | undefined
    try {
      for (const chunk of chunksOf(segmentsOf(content, range), () => this.#chunkSize())) {
        const next = this.#read(chunk)
        // Whoever stops early leaves this one unawaited.
        next.catch(() => undefined)
        if (ahead !== undefined) yield await ahead
        ahead = next
      }
      if (ahead !== undefined) yield await ahead
    } finally {
      this.#active -= 1
    }
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
      kept = wanted
    }
    if (`sha256:${hash.digest('hex')}` !== digest) {
      throw new RegistryError('unavailable', 'the store holds other bytes than were hashed', {
        detail: { digest },
      })
    }
    if (kept !== undefined) yield kept
  }

  #chunkSize(): number {
    const share = READ_AHEAD_BUDGET / CHUNKS_PER_STREAM / Math.max(1, this.#active)
    return Math.round(Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, share)))
  }

  async #read({ segments, length }: Chunk): Promise<Uint8Array> {
    if (segments.some(({ kind }) => kind === 'file')) return this.#reader.read(segments, length)
    const bytes = Buffer.allocUnsafe(length)
    readSegments(segments, bytes)
    return bytes
  }
}
