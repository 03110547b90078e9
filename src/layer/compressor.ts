/** Compresses a layer on its way to a client, or an image on its way to an archive. */
import type { Transform } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'

export type Encoding = 'zstd' | 'gzip'

/** The fastest levels: the network is rarely slower than they are. */
const ZSTD_LEVEL = 1
const GZIP_LEVEL = 1

/**
 * Each takes 1.5 MB, and all share four threads: with more, every one is slower than what it saves. Other streams go
 * as they are.
 */
export const MAX_COMPRESSORS = 16
let compressors = 0

/** Whether there may be one more compressor. */
export function isCompressorFree(): boolean {
  return compressors < MAX_COMPRESSORS
}

/**
 * Takes one chunk at a time: their memory is used again (layer/stream.ts). It counts until it is closed, so it has to
 * be made as soon as the encoding is chosen.
 */
export function compress(encoding: Encoding): Transform {
  // A stream's option, which the types of zlib's leave out.
  const oneChunk: object = { writableHighWaterMark: 1 }
  const compressor =
    encoding === 'zstd'
      ? createZstdCompress({ ...oneChunk, params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
      : createGzip({ ...oneChunk, level: GZIP_LEVEL })
  compressors += 1
  compressor.once('close', () => (compressors -= 1))
  return compressor
}
