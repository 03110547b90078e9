/**
 * Archives as clients compress them: xz is what Nix does unless told otherwise. Streams, and stops at the size that was
 * announced, so that what unpacks to more than anybody said costs nothing.
 */
import type { FileHandle } from 'node:fs/promises'
import { Readable, pipeline, type Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
// CommonJS, whose names Node doesn't see.
import xz from 'xz-decompress'
import { RegistryError } from '../core/errors/errors.ts'

/** Nix's names for those of its compressions that we take: not bzip2, lzip, lz4. */
const COMPRESSIONS = ['none', 'xz', 'zstd', 'gzip', 'br'] as const
type Compression = (typeof COMPRESSIONS)[number]

const READ_SIZE = 256 * 1024
/** zstd's own limit without `--long`: 2^27 bytes of memory. (xz: 64 MiB, built into its decoder.) */
const MAX_ZSTD_WINDOW_LOG = 27

/** @throws RegistryError `refused` for those that we don't take. */
export function parseCompression(text: string): Compression {
  const found = COMPRESSIONS.find((compression) => compression === text)
  if (found !== undefined) return found
  throw new RegistryError(
    'refused',
    `archives compressed as ${text.slice(0, 20)} are not taken: add ?compression=xz, zstd or none to the cache's URL`,
  )
}

/**
 * The unpacked bytes, `size` of them.
 * @throws RegistryError `malformed` when it is broken, or there are more or less.
 */
export async function* unpack(
  file: FileHandle,
  compression: Compression,
  size: number,
): AsyncGenerator<Uint8Array> {
  let left = size
  for await (const chunk of wellFormed(unpacked(file, compression), compression)) {
    left -= chunk.length
    if (left < 0) throw new RegistryError('malformed', `the archive unpacks to more than its ${size} bytes`)
    yield chunk
  }
  if (left > 0)
    throw new RegistryError('malformed', `the archive unpacks to ${size - left} bytes, not to ${size}`)
}

function unpacked(file: FileHandle, compression: Compression): AsyncIterable<Uint8Array> {
  const packed = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_SIZE })
  switch (compression) {
    case 'none':
      return packed
    case 'xz':
      return new xz.XzReadableStream(Readable.toWeb(packed) as ReadableStream<Uint8Array>)
    case 'zstd':
      return through(
        packed,
        createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG } }),
      )
    case 'gzip':
      return through(packed, createGunzip())
    case 'br':
      return through(packed, createBrotliDecompress())
  }
}

/** Failures of either show in what is read. */
function through(packed: Readable, decompress: Transform): AsyncIterable<Uint8Array> {
  return pipeline(packed, decompress, () => undefined)
}

async function* wellFormed(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (cause) {
    // The disk's own failures say nothing of the archive.
    if (cause instanceof Error && 'syscall' in cause) throw cause
    throw new RegistryError('malformed', `the archive is cut off or not ${compression}`, { cause })
  }
}
