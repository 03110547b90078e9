/**
 * Signatures of store paths: ed25519 over a fingerprint of what is in the path.
 * Source: Nix manual, "Store Path Signatures"; `ValidPathInfo::fingerprint` of libstore.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { encodeNixBase32 } from './nix-base32.ts'
import type { StorePath } from './store-path.ts'

/** `cache.example-1:` and 32 bytes in base 64, as `nix key convert-secret-to-public` prints it. */
export type SigningKey = { readonly name: string; readonly key: KeyObject }

export type SignedPath = {
  readonly path: StorePath
  /** sha256 of the path as a Nix archive, hexadecimal. */
  readonly narHash: string
  readonly narSize: number
  readonly references: readonly StorePath[]
  /** `name:base64` each. */
  readonly signatures: readonly string[]
}

const KEY_BYTES = 32
/** The prefix that makes a SubjectPublicKeyInfo from a bare ed25519 key (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** @returns nothing for what is no key. */
export function parseSigningKey(text: string): SigningKey | undefined {
  const [, name, base64 = ''] = /^([^:\s]+):([A-Za-z0-9+/]{43}=)$/.exec(text) ?? []
  const bytes = Buffer.from(base64, 'base64')
  if (name === undefined || bytes.length !== KEY_BYTES) return undefined
  return {
    name,
    key: createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' }),
  }
}

/** Whether one of the keys signed exactly this path with these contents. */
export function isSignedBy(keys: readonly SigningKey[], signed: SignedPath): boolean {
  const { path, narHash, narSize, references, signatures } = signed
  const hash = `sha256:${encodeNixBase32(Buffer.from(narHash, 'hex'))}`
  const fingerprint = Buffer.from(`1;${path};${hash};${narSize};${[...references].sort().join(',')}`)
  return signatures.some((signature) => {
    const colon = signature.indexOf(':')
    const bytes = Buffer.from(signature.slice(colon + 1), 'base64')
    return keys.some(
      ({ name, key }) => name === signature.slice(0, colon) && verify(null, fingerprint, key, bytes),
    )
  })
}
