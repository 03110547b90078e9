/**
 * Archives as clients compress them: xz is what Nix does unless told otherwise. Streams, and stops at the size that was
 * announced, so that what unpacks to more than anybody said costs nothing.
 */
import type { FileHandle } from 'node:fs/promises'
import { RegistryError } from '../core/errors/errors.ts'
import { decompressStream } from '../unpack/decompress-stream.ts'

/** Nix's names for those of its compressions that we take: not bzip2, lzip, lz4. */
const COMPRESSIONS = ['none', 'xz', 'zstd', 'gzip', 'br'] as const
type Compression = (typeof COMPRESSIONS)[number]

const READ_SIZE = 256 * 1024

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
  return decompressStream(
    file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_SIZE }),
    compression,
  )
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
