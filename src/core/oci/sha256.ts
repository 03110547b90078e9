/**
 * SHA-256 hashes as Nix writes them: `sha256:` and base 32 (its own alphabet and order) or hexadecimal, or
 * `sha256-` and base 64. Source: Nix manual, "Hash"; `hash.cc` and `base-nix-32.cc` of libutil.
 */

import { decodeNixBase32, encodeNixBase32 } from '../nix/nix-base32.ts'

declare const brand: unique symbol
/** 64 hexadecimal digits. */
export type Sha256 = string & { readonly [brand]: 'Sha256' }

const HEX = /^[0-9a-f]{64}$/
const SHA256_BYTES = 32

/** Makes a digest from the 32 bytes of a hash. */
export function sha256Of(bytes: Uint8Array): Sha256 {
  if (bytes.length !== SHA256_BYTES) throw new Error(`a SHA-256 has 32 bytes, not ${bytes.length}`)
  return Buffer.from(bytes).toString('hex') as Sha256
}

/** A hash with its type before it, in any of the forms; `undefined` for anything else. */
export function parseSha256(text: string): Sha256 | undefined {
  if (text.startsWith('sha256-')) {
    const base64 = text.slice('sha256-'.length)
    const bytes = Buffer.from(base64, 'base64')
    return bytes.length === SHA256_BYTES && bytes.toString('base64') === base64 ? sha256Of(bytes) : undefined
  }
  if (!text.startsWith('sha256:')) return undefined
  const digits = text.slice('sha256:'.length)
  return HEX.test(digits) ? (digits as Sha256) : parseBase32Sha256(digits)
}

/** 52 characters of Nix's base 32, as in the file names of a binary cache. */
export function parseBase32Sha256(text: string): Sha256 | undefined {
  const bytes = text.length === 52 ? decodeNixBase32(text) : undefined
  return bytes === undefined ? undefined : sha256Of(bytes)
}

/** 52 characters of Nix's base 32. */
export function base32Sha256(hash: Sha256): string {
  return encodeNixBase32(Buffer.from(hash, 'hex'))
}
