/**
 * Compression of layers as transport only: digests and sizes stay those of the plain tar. Never with a range, whose
 * offsets are in the plain bytes, and never of what is small. zstd is several times faster than gzip for the same
 * saving, so gzip is sent only where it is asked for by setting.
 */
import { isCompressorFree, type Encoding } from '../../layer/compressor.ts'
import { isLoopback } from '../access/peer.ts'
import type { CompressionMode } from './compression-mode.ts'

/** Below this the frame and the headers cost more than they save. */
const MIN_SIZE = 4096

/** As `wantedEncoding`, and nothing where no compressor is free. */
export function chooseEncoding(...wanted: Parameters<typeof wantedEncoding>): Encoding | undefined {
  return isCompressorFree() ? wantedEncoding(...wanted) : undefined
}

/**
 * The encoding that a client should get.
 * @param acceptEncoding the header, if any. @param peer the client's address.
 */
export function wantedEncoding(
  mode: CompressionMode,
  acceptEncoding: string | undefined,
  peer: string | undefined,
  size: number,
): Encoding | undefined {
  if (mode === 'none' || acceptEncoding === undefined || size < MIN_SIZE) return undefined
  if (mode === 'auto' && (peer === undefined || isLoopback(peer))) return undefined
  const accepted = parseAccepted(acceptEncoding)
  if (accepted.has('zstd')) return 'zstd'
  return mode === 'gzip' && accepted.has('gzip') ? 'gzip' : undefined
}

/** Encodings that the client takes: named, and not with `q=0` (RFC 9110 section 12.5.3). */
function parseAccepted(header: string): ReadonlySet<string> {
  const accepted = new Set<string>()
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    if (!parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) accepted.add(name)
  }
  return accepted
}
