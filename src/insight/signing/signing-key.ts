/**
 * The key that statements are signed with: Ed25519, since its signatures are the same each time. Nix's own form
 * (`name:base64`, as `nix key generate-secret` prints it) and PKCS #8 in PEM are read.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { RegistryError } from '../../core/errors/errors.ts'
import { systemReason } from '../../core/errors/system-error.ts'

export type SecretKey = {
  /** The name in Nix's form; absent in PEM. */
  readonly name: string | undefined
  readonly sign: (bytes: Uint8Array) => Buffer
  /** The public key in PEM, as cosign reads it. */
  readonly publicPem: string
  /** The public key in Nix's form, `name:base64`; absent where the key has no name. */
  readonly publicNix: string | undefined
}

/** A PKCS #8 header before the 32 bytes of a private key (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32
/** Nix keeps the public key behind the private one. */
const NIX_SECRET_BYTES = 64
const NIX_SECRET = /^([^:\s]+):([A-Za-z0-9+/]{86}==)$/
/** Writable by the group, or anything by others. Kubernetes gives a Secret's files to the group of the Pod. */
const OTHERS = 0o027
const MAX_KEY_FILE = 64 * 1024

/**
 * @throws RegistryError `unavailable` for a file that can't be read, that others may read, or that holds no Ed25519 key.
 */
export function readSecretKey(file: string): SecretKey {
  const refuse = (why: string, cause?: unknown): never => {
    throw new RegistryError('unavailable', `signing key ${file}: ${why}`, { cause })
  }
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY)
  } catch (cause) {
    return refuse(systemReason(cause) ?? 'cannot be read', cause)
  }
  try {
    const { mode, size } = fstatSync(descriptor)
    if ((mode & OTHERS) !== 0)
      refuse(`its mode 0${(mode & 0o777).toString(8)} lets other users use it: chmod 600 ${file}`)
    if (size > MAX_KEY_FILE) refuse('too large for a key')
    return parseSecretKey(readFileSync(descriptor, 'utf8')) ?? refuse(EXPECTED)
  } finally {
    closeSync(descriptor)
  }
}

const EXPECTED =
  'not an Ed25519 key, expected name:base64 as `nix key generate-secret` and `pushless key` write it, or PKCS #8 in PEM'

export function parseSecretKey(text: string): SecretKey | undefined {
  const trimmed = text.trim()
  const [, name, base64 = ''] = NIX_SECRET.exec(trimmed) ?? []
  if (name === undefined) return trimmed.startsWith('-----BEGIN') ? fromPem(trimmed) : undefined
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== NIX_SECRET_BYTES) return undefined
  const seed = bytes.subarray(0, SEED_BYTES)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  // A pair that doesn't belong together would sign what nobody can verify.
  return rawPublic(key).equals(bytes.subarray(SEED_BYTES)) ? secretKey(key, name) : undefined
}

/** Makes a key, in Nix's form. */
export function generateSecretKey(name: string): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES)
  return `${name}:${Buffer.concat([seed, rawPublic(privateKey)]).toString('base64')}`
}

function fromPem(text: string): SecretKey | undefined {
  try {
    const key = createPrivateKey(text)
    return key.asymmetricKeyType === 'ed25519' ? secretKey(key, undefined) : undefined
  } catch {
    return undefined
  }
}

function secretKey(key: KeyObject, name: string | undefined): SecretKey {
  return {
    name,
    sign: (bytes) => sign(null, bytes, key),
    publicPem: createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString(),
    publicNix: name === undefined ? undefined : `${name}:${rawPublic(key).toString('base64')}`,
  }
}

function rawPublic(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES)
}
