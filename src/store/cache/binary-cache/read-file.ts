/** Reads files of a binary cache: small ones whole, large ones as a stream that goes on after a cut. */
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { explainSystemError } from '../../../core/errors/system-error.ts'
import { CacheTrouble, type CacheFiles } from './cache-files.ts'

/** Attempts that bring no byte, one after the other. */
const ATTEMPTS = 4
const FIRST_PAUSE_MS = 250

/** @returns nothing where the cache has no such file. @throws CacheTrouble, also for a file of more bytes. */
export async function readSmallFile(
  files: CacheFiles,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const file = await files.open(name, 0, signal)
  if (file === undefined) return undefined
  const tooLarge = () => new CacheTrouble(`${name} has more than ${maxBytes} bytes`)
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of file.body as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (cause) {
    throw troubleOf(cause, signal)
  } finally {
    file.body.destroy()
  }
  try {
    return decoded(Buffer.concat(chunks), file.encoding, maxBytes).toString()
  } catch (cause) {
    throw new CacheTrouble(`${name} cannot be decoded as ${file.encoding ?? 'text'}`, { cause })
  }
}

function decoded(bytes: Buffer, encoding: string | undefined, maxOutputLength: number): Buffer {
  switch (encoding) {
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength })
    case 'br':
      return brotliDecompressSync(bytes, { maxOutputLength })
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength })
    default:
      return bytes
  }
}

/** Returns the bytes of a file as a stream, which begins when it is read. It fails with CacheTrouble. */
export function largeFile(files: CacheFiles, name: string, signal: AbortSignal): Readable {
  return Readable.from(resumed(files, name, signal), { objectMode: false })
}

/**
 * The bytes of a file. After a cut it asks for the rest, again and again while that brings more.
 * @throws CacheTrouble for a file that is not there, or cannot be read to its end.
 */
async function* resumed(files: CacheFiles, name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let done = 0
  let size: number | undefined
  for (let attempt = 0; ; attempt++) {
    const before = done
    try {
      const file = await files.open(name, done, signal)
      if (file === undefined) throw new CacheTrouble(`${name} is not there`)
      if (size !== undefined && file.size !== undefined && file.size !== size)
        throw new CacheTrouble(`${name} has changed while it was read`)
      size ??= file.size
      let skip = done - file.offset
      for await (const chunk of file.body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - fresh.length
        done += fresh.length
        if (fresh.length > 0) yield fresh
      }
      if (size === undefined || done >= size) return
      throw new CacheTrouble(`${name} was cut off`, { isPassing: true })
    } catch (cause) {
      const trouble = troubleOf(cause, signal)
      if (done > before) attempt = 0
      if (!trouble.isPassing || attempt >= ATTEMPTS) throw trouble
      await setTimeout(FIRST_PAUSE_MS * 2 ** attempt, undefined, { signal })
    }
  }
}

/** @throws the reason of the signal once that is aborted. */
function troubleOf(cause: unknown, signal: AbortSignal): CacheTrouble {
  signal.throwIfAborted()
  if (cause instanceof CacheTrouble) return cause
  const message = explainSystemError(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  return new CacheTrouble(message, { cause, isPassing: true })
}
