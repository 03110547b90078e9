/** The compressed bytes of a blob: a copy on disk for layers, and made on their way for what is small. */
import type { EncodedCopies } from '../../encoded/encoded-copies.ts'
import { isCompressorFree, type Encoding } from '../../layer/compressor.ts'
import type { Blob } from '../../registry/registry.ts'

export type EncodedBody = {
  readonly encoding: Encoding
  readonly chunks: AsyncGenerator<Uint8Array>
  /** The encoding that is still to be done. Nothing where the chunks are encoded. */
  readonly compressor: Encoding | undefined
}

/** A smaller blob is encoded in less time than a file is made. */
const MIN_COPIED = 256 * 1024
/** Compressed by its maker: `+gzip` or `+zstd`, or Docker's `.tar.gzip`. */
const IS_COMPRESSED = /[+.](?:gzip|zstd)$/

/**
 * Returns nothing where the blob should go as it is: no encoder is free, the blob is compressed already, or it reaches
 * the client earlier as it is.
 * @param rate bytes per ms that reach the client. Nothing where that isn't known.
 */
export async function encodedBody(
  blob: Blob,
  encoding: Encoding,
  copies: EncodedCopies | undefined,
  rate?: number,
): Promise<EncodedBody | undefined> {
  if (IS_COMPRESSED.test(blob.mediaType)) return undefined
  if (copies !== undefined && mayBeCopied(blob, encoding)) {
    const chunks = await copies.read(blob, rate)
    return chunks === undefined ? undefined : { encoding, chunks, compressor: undefined }
  }
  if (!isCompressorFree()) return undefined
  return { encoding, chunks: blob.read({ start: 0, end: blob.size }), compressor: encoding }
}

/** Whether there may be a copy of a blob in an encoding. */
export function mayBeCopied({ mediaType, size }: Blob, encoding: Encoding): boolean {
  return encoding === 'zstd' && size >= MIN_COPIED && !IS_COMPRESSED.test(mediaType)
}
