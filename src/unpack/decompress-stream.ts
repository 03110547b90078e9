/** Decompresses streams as Nix's binary caches have them. Unlike compression.ts it is told the compression. */
import { Readable, pipeline, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { readLz4Frames } from './lz4-frames.ts'
import { readZstdFrames } from './zstd-frames.ts'

/** The names that Nix has for these compressions. */
export const STREAM_COMPRESSIONS = ['none', 'xz', 'zstd', 'gzip', 'br', 'bzip2', 'lz4'] as const
export type StreamCompression = (typeof STREAM_COMPRESSIONS)[number]

/** One call of the decoder each, whose price is that of a thread's turn. */
const CHUNK = 1024 * 1024
/** A kilobyte of bzip2 has 20 blocks at most, which are 18 MB. The decoder holds them in memory. */
const BZIP2_PIECE = 1024

/** @returns the decompressed bytes. Failures of the source and of the decoder are thrown as they are. */
export function decompressStream(
  packed: Readable,
  compression: StreamCompression,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return packed
    case 'xz':
      return unxz(packed)
    case 'zstd':
      return readZstdFrames(packed)
    case 'gzip':
      return through(packed, createGunzip({ chunkSize: CHUNK }))
    case 'br':
      return through(packed, createBrotliDecompress({ chunkSize: CHUNK }))
    case 'bzip2':
      return bunzip2(packed)
    case 'lz4':
      return readLz4Frames(packed)
  }
}

/** Failures of either show in the returned stream. */
function through(packed: Readable, decompress: Transform): AsyncIterable<Uint8Array> {
  return pipeline(packed, decompress, () => undefined)
}

/** Its decoder allows windows of 64 MiB. Loading it loads Node's web streams, too, so that waits for its first use. */
async function* unxz(packed: Readable): AsyncGenerator<Uint8Array> {
  // CommonJS, whose names Node doesn't see.
  const { default: xz } = await import('xz-decompress')
  yield* new xz.XzReadableStream(Readable.toWeb(packed) as ReadableStream<Uint8Array>)
}

/** The decoder knows no back-pressure, so it gets a small piece only once its last output was taken. */
async function* bunzip2(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { default: bzip2 } = await import('unbzip2-stream')
  const decoder = bzip2()
  const output: Uint8Array[] = []
  let failure: unknown
  decoder.on('data', (chunk: Uint8Array) => void output.push(chunk))
  decoder.on('error', (error: unknown) => void (failure ??= error))
  const taken = function* (): Generator<Uint8Array> {
    if (failure !== undefined) throw failure
    while (output.length > 0) yield* output.splice(0)
  }
  for await (const chunk of packed) {
    for (let at = 0; at < chunk.length; at += BZIP2_PIECE) {
      decoder.write(Buffer.from(chunk.subarray(at, at + BZIP2_PIECE)))
      yield* taken()
    }
  }
  decoder.end()
  yield* taken()
}
