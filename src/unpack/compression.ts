/**
 * Detects the compression of a file by its first bytes, never by its name, and decompresses it.
 *
 * Node's zstd decoder ends after the first frame and drops the rest without a word, so frames are decoded one after
 * the other here: pzstd and `cat a.zst b.zst` write several. The members of a gzip file it joins by itself.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'
import { RegistryError } from '../core/errors/errors.ts'
import { unreadable } from '../core/errors/unreadable.ts'

export type Compression = 'gzip' | 'zstd'

/** Bytes that `compressionOf` looks at. */
export const MAGIC_SIZE = 4
/** RFC 1952, 2.3.1; the 8 is deflate, the only method there is. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08])
/** RFC 8878, 3.1.1 and 3.1.2: a frame, and one to be skipped (its first byte is 50 to 5f), which pzstd writes first. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const ZSTD_SKIPPED_MAGIC = Buffer.from([0x2a, 0x4d, 0x18])

/** One call of the decoder each, whose price is that of a thread's turn: 16 KiB, the default, take twice as long. */
const CHUNK = 1024 * 1024
const READ_SIZE = 256 * 1024
/** A frame costs 0.1 ms and may be 9 bytes; pzstd's are megabytes, so this is terabytes of an honest file. */
const MAX_FRAMES = 1_000_000

export function compressionOf(head: Uint8Array): Compression | undefined {
  const startsWith = (magic: Uint8Array, at = 0) =>
    Buffer.from(head.subarray(at, at + magic.length)).equals(magic)
  if (startsWith(GZIP_MAGIC)) return 'gzip'
  const isSkipped = ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(ZSTD_SKIPPED_MAGIC, 1)
  return startsWith(ZSTD_MAGIC) || isSkipped ? 'zstd' : undefined
}

/**
 * Decompresses a file. A caller that stops early leaves nothing open.
 * @param path of a file with that compression, for errors.
 * @param file where it is, if the path doesn't tell.
 * @throws RegistryError `unservable` for one that is truncated or damaged, `unavailable` when it can't be read.
 */
export async function* decompressed(
  path: string,
  compression: Compression,
  file: string | Buffer = path,
): AsyncGenerator<Uint8Array> {
  try {
    const { size } = await stat(file)
    let at = 0
    for (let frames = 0; at < size; frames++) {
      if (frames === MAX_FRAMES) throw broken(path, compression, `more than ${MAX_FRAMES} frames`)
      const decoder = compression === 'gzip' ? gunzip() : createZstdDecompress({ chunkSize: CHUNK })
      yield* oneFrame(file, at, decoder)
      at += decoder.bytesWritten
      // What follows is padding, as gzip's own tool has it.
      if (compression === 'gzip') return
    }
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'Z_BUF_ERROR') throw broken(path, compression, 'it is cut off', cause)
    if (/^(?:Z|ZSTD)_/.test(code))
      throw broken(path, compression, cause instanceof Error ? cause.message : '', cause)
    throw unreadable(path, cause)
  }
}

function gunzip(): Gunzip {
  return createGunzip({ chunkSize: CHUNK })
}

async function* oneFrame(
  path: string | Buffer,
  start: number,
  decoder: Gunzip | ZstdDecompress,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { start, highWaterMark: READ_SIZE })
  // The loop below throws it.
  decoder.on('error', () => undefined)
  feed(file, decoder).catch((error: Error) => decoder.destroy(error))
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array
  } finally {
    decoder.destroy()
    file.destroy()
  }
}

/** Not `pipeline`: what is written behind the end of a frame is an error, which discards what wasn't read yet. */
async function feed(file: AsyncIterable<Uint8Array>, decoder: Gunzip | ZstdDecompress): Promise<void> {
  const write = promisify<Uint8Array, void>((chunk, done) => void decoder.write(chunk, done))
  let fed = 0
  for await (const chunk of file) {
    await write(chunk)
    fed += chunk.length
    if (decoder.bytesWritten < fed) return
  }
  decoder.end()
}

function broken(path: string, compression: Compression, why: string, cause?: unknown): RegistryError {
  return new RegistryError('unservable', `${path}: broken ${compression}: ${why}`, { cause })
}
