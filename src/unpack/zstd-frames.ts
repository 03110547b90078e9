/** Reads zstd of several frames from a stream. Node's decoder ends after the first one, and drops the rest silently. */
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib'

/** zstd's own limit without `--long`: 2^27 bytes of memory. */
const MAX_WINDOW_LOG = 27
/** One call of the decoder each, whose price is that of a thread's turn. */
const CHUNK = 1024 * 1024
const EMPTY = new Uint8Array(0)

/** @returns the decompressed bytes. Failures of the source and of the decoder are thrown as they are. */
export async function* readZstdFrames(packed: Readable): AsyncGenerator<Uint8Array> {
  const source = packed[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  try {
    for (let first = await nextOf(source); first !== undefined;) {
      const decoder = createZstdDecompress({
        chunkSize: CHUNK,
        params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
      })
      // The loop below throws it.
      decoder.on('error', () => undefined)
      const rest = feed(decoder, first, source)
      rest.catch((error: Error) => decoder.destroy(error))
      try {
        for await (const chunk of decoder) yield chunk as Uint8Array
      } finally {
        decoder.destroy()
      }
      const left: Uint8Array = await rest
      first = left.length > 0 ? left : await nextOf(source)
    }
  } finally {
    // A file that was read to its end belongs to its owner, who may read it again.
    if (!packed.readableEnded) packed.destroy()
  }
}

/** Writes to the decoder until its frame ends. @returns the bytes that are left of the last chunk. */
async function feed(
  decoder: ZstdDecompress,
  first: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): Promise<Uint8Array> {
  const write = promisify<Uint8Array, void>((chunk, done) => void decoder.write(chunk, done))
  let fed = 0
  for (let chunk: Uint8Array | undefined = first; chunk !== undefined; chunk = await nextOf(source)) {
    await write(chunk)
    fed += chunk.length
    const left = fed - decoder.bytesWritten
    if (left > 0) return chunk.subarray(chunk.length - left)
  }
  decoder.end()
  return EMPTY
}

async function nextOf(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  const { done, value } = await source.next()
  return done === true ? undefined : value
}
