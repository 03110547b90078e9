/** Fetches one path: its archive is checked while it is unpacked, and the next cache is tried after one that fails. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { RegistryError } from '../../../core/errors/errors.ts'
import { systemCode } from '../../../core/errors/system-error.ts'
import { sha256Of } from '../../../core/oci/sha256.ts'
import type { Narinfo } from '../../../core/nix/narinfo.ts'
import { STREAM_COMPRESSIONS, decompressStream } from '../../../unpack/decompress-stream.ts'
import type { BinaryCache } from '../binary-cache/binary-cache.ts'
import { CacheTrouble } from '../binary-cache/cache-files.ts'
import type { Found, Offer } from '../binary-cache/look-up.ts'
import { largeFile } from '../binary-cache/read-file.ts'
import { unpackNar } from './unpack-nar.ts'

/** A path that lies, whole and checked, where it is not valid yet. */
export type Unpacked = { readonly narinfo: Narinfo; readonly partial: string }

export type DownloadDeps = {
  /** Returns another place with each call. */
  readonly partial: () => string
  /** Finds the path in other caches than those that failed. */
  readonly findElsewhere: (failed: ReadonlySet<BinaryCache>) => Promise<Found>
  /** Hears which cache is asked, how far it came, and why a cache failed. */
  readonly onCache: (cache: string) => void
  readonly onProgress: (line: string) => void
}

const PROGRESS_MS = 15_000
const NO_SPACE: readonly string[] = ['ENOSPC', 'EDQUOT']

/** @throws RegistryError `fetch-failed` naming each cache that failed and why, `no-space`. */
export async function download(first: Offer, deps: DownloadDeps, signal: AbortSignal): Promise<Unpacked> {
  const { storePath: path, narHash } = first.narinfo
  const failed = new Set<BinaryCache>()
  const reasons: string[] = []
  let offer: Offer | undefined = first
  while (offer !== undefined) {
    const { cache, narinfo } = offer
    const partial = deps.partial()
    deps.onCache(cache.name)
    try {
      await unpackNar(checked(opened(offer, signal), narinfo, deps.onProgress), partial)
      return { narinfo, partial }
    } catch (cause) {
      await rm(partial, { recursive: true, force: true }).catch(() => undefined)
      signal.throwIfAborted()
      if (NO_SPACE.includes(systemCode(cause) ?? ''))
        throw new RegistryError('no-space', `no space left on the disk to unpack ${path}`, {
          cause,
          detail: { path },
        })
      const reason = `${cache.name}: ${cause instanceof Error ? cause.message : String(cause)}`
      reasons.push(reason)
      deps.onProgress(`error: ${path}: ${reason}`)
      failed.add(cache)
      const found = await deps.findElsewhere(failed)
      // Another archive may need other paths than those that are being fetched.
      offer = found.kind === 'offer' && found.narinfo.narHash === narHash ? found : undefined
    }
  }
  throw new RegistryError('fetch-failed', `could not fetch ${path}: ${reasons.join('; ')}`, {
    detail: { path, reason: reasons.join('; '), log: reasons },
  })
}

function opened({ cache, narinfo }: Offer, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const compression = STREAM_COMPRESSIONS.find((known) => known === narinfo.compression)
  if (compression === undefined)
    throw new CacheTrouble(
      `its archive is compressed as ${narinfo.compression.slice(0, 20)}, known are ${STREAM_COMPRESSIONS.join(', ')}`,
    )
  return decompressStream(largeFile(cache.files, narinfo.url, signal), compression)
}

/** The same bytes. @throws CacheTrouble unless they are those that the narinfo promises, and not one byte more. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { storePath, narHash, narSize }: Narinfo,
  onProgress: (line: string) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  let toldMs = Date.now()
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > narSize) throw new CacheTrouble(`its archive has more than the promised ${narSize} bytes`)
    hash.update(chunk)
    yield chunk
    if (Date.now() - toldMs > PROGRESS_MS) {
      toldMs = Date.now()
      onProgress(`${storePath}: ${megabytes(size)} of ${megabytes(narSize)} MB`)
    }
  }
  if (size < narSize) throw new CacheTrouble(`its archive has ${size} bytes, and ${narSize} were promised`)
  const found = sha256Of(hash.digest())
  if (found !== narHash)
    throw new CacheTrouble(`its archive has the SHA-256 ${found}, and ${narHash} was promised`)
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
