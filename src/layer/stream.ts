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
import { fillWithoutFiles } from './read.ts'
import { SharedChunks, type ChunkStream, type FilledBuffer, type SharedChunk } from './shared-chunks.ts'
import type { StoreReader } from './store-reader.ts'

/**
 * The bytes of a chunk by how many streams there are. Each chunk costs a message to a reader, another one back, and a
 * write to a socket: 150 us beside the copying, since a large copy leaves nothing else in the processor's cache. Few
 * sizes, so that each buffer can serve any stream next. With thousands of clients, most of which take nothing just now,
 * memory counts.
 */
const CHUNK_SIZES: readonly { readonly upToStreams: number; readonly size: number }[] = [
  { upToStreams: 8, size: 2 * 1024 * 1024 },
  { upToStreams: 32, size: 256 * 1024 },
  { upToStreams: 256, size: 128 * 1024 },
  { upToStreams: Number.POSITIVE_INFINITY, size: 16 * 1024 },
]
/** For one stream alone: two being read, since there are two readers at least, one on its way to the socket. */
const MAX_CHUNKS_AHEAD = 3
/** Chunks that all streams together should hold: beyond it each still gets one. */
const CHUNKS_TOGETHER = 8
/**
 * Bytes of all slabs beyond which chunks that no stream has make room. They pin slabs of buffers of another size: after
 * 64 pulls there were 44 MB. With 16 MB, eight whole pulls read 28 % of their bytes instead of 19 %.
 */
const MAX_BYTES = 24 * 1024 * 1024
/**
 * Bytes that may lie idle: as many as are in use at most. V8 doesn't count shared memory, so buffers that are dropped stay
 * until it collects garbage for another reason. With room for 8 MB, 256 pulls took 396 MB.
 */
const IDLE_BYTES = 48 * 1024 * 1024

export class BlobStreams {
  readonly #reader: StoreReader
  readonly #pool: BufferPool
  readonly #chunks: SharedChunks
  #active = 0

  constructor(reader: StoreReader) {
    this.#reader = reader
    this.#pool = new BufferPool(IDLE_BYTES, (slab) => reader.forget(slab))
    this.#chunks = new SharedChunks(this.#pool)
  }

  /**
   * Chunks of the range, each valid until the next is asked for: its memory is used again then. So a consumer goes on
   * only when a chunk is written to the socket or compressed, not when it is queued (http/pull/send-stream.ts).
   * @throws RegistryError `unavailable` in mid-stream when a file isn't what was hashed.
   */
  async *read(content: BlobContent, range: ByteRange): AsyncGenerator<Uint8Array> {
    const chunks = this.#chunks.join(identityOf(content), (part) => this.#read(content, part))
    this.#active += 1
    const ahead: SharedChunk[] = []
    let at = range.start
    const end = Math.min(range.end, contentSize(content))
    try {
      while (at < end || ahead.length > 0) {
        for (const share = this.#chunksAhead(); at < end && ahead.length < share;) {
          const size = this.#chunkSize()
          // The same for all streams, wherever their ranges begin.
          const next = Math.min(end, at - (at % size) + size)
          ahead.push(chunks.take({ start: at, end: next }))
          at = next
        }
        yield* passOn(chunks, ahead.shift())
      }
    } finally {
      this.#active -= 1
      for (const unused of ahead) chunks.give(unused, false)
      chunks.leave()
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
    return CHUNK_SIZES.find(({ upToStreams }) => this.#active <= upToStreams)?.size ?? 0
  }

  #chunksAhead(): number {
    const share = Math.floor(CHUNKS_TOGETHER / Math.max(1, this.#active))
    return Math.min(MAX_CHUNKS_AHEAD, Math.max(1, share))
  }

  async #read(content: BlobContent, range: ByteRange): Promise<FilledBuffer> {
    const length = range.end - range.start
    const size = sizeFor(length)
    this.#chunks.makeRoom(() => this.#pool.hasWithin(MAX_BYTES, size))
    const buffer = this.#pool.take(size)
    // Node's streams pass a Buffer on as it is, and make another view of any other array: see BufferPool.giveLater.
    const bytes = Buffer.from(buffer.slab.memory, buffer.start, length)
    try {
      const parts = fillWithoutFiles(segmentsOf(content, range), bytes)
      // Headers of thousands of empty files: with nothing to wait for, no other request would get its turn.
      await (parts.length > 0 ? this.#reader.read(parts, buffer) : setImmediate())
      return { buffer, bytes }
    } catch (error) {
      this.#pool.give(buffer)
      throw error
    }
  }
}

/** The size of the smallest buffers that hold so many bytes. */
function sizeFor(length: number): number {
  const found = CHUNK_SIZES.findLast(({ size }) => size >= length)
  if (found === undefined) throw new Error(`no buffer holds ${length} bytes`)
  return found.size
}

/** Yields a chunk and gives it back; spoiled when the consumer broke off, who may still be writing it. */
async function* passOn(chunks: ChunkStream, chunk: SharedChunk | undefined): AsyncGenerator<Uint8Array> {
  if (chunk === undefined) return
  let isWritten = false
  try {
    const { bytes } = await chunk.filled
    yield bytes
    isWritten = true
  } finally {
    chunks.give(chunk, !isWritten)
  }
}

/** The same for each stream of a blob, while its frame is kept. */
function identityOf(content: BlobContent): unknown {
  switch (content.kind) {
    case 'bytes':
      return content.bytes
    case 'layer':
      return content.frame
    case 'slice':
      return `${content.path} ${content.fileSize} ${content.offset} ${content.length}`
  }
}
