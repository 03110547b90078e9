/**
 * Content addresses: which store path a content has, computed as Nix does. It is what makes an upload verify itself:
 * nobody needs to be believed that these bytes belong at that path.
 * Source: Nix manual, "Complete Store Path Calculation"; `makeStorePath` of libstore.
 */
import { createHash } from 'node:crypto'
import { encodeNixBase32 } from './nix-base32.ts'
import { base32Sha256, parseSha256, type Sha256 } from '../oci/sha256.ts'
import { STORE_DIR, parseStorePath, type StorePath } from './store-path.ts'

export type ContentAddress = {
  /** The hashed bytes: the text of a derivation or of `builtins.toFile`, a file, or any tree as a Nix archive. */
  readonly method: 'text' | 'flat' | 'archive'
  readonly hash: Sha256
}

/** As Nix names the methods, for SHA-256. */
const PREFIX = { text: 'text:', flat: 'fixed:', archive: 'fixed:r:' } as const
/** Nix folds the hash of a path's description to this length, `StorePath::HashLen`. */
const PATH_HASH_BYTES = 20

/** `text:sha256:…`, `fixed:sha256:…` or `fixed:r:sha256:…`; `undefined` for anything else, other hash functions too. */
export function parseContentAddress(text: string): ContentAddress | undefined {
  for (const method of ['text', 'archive', 'flat'] as const) {
    if (!text.startsWith(PREFIX[method])) continue
    const hash = parseSha256(text.slice(PREFIX[method].length))
    return hash === undefined ? undefined : { method, hash }
  }
  return undefined
}

export function formatContentAddress({ method, hash }: ContentAddress): string {
  return `${PREFIX[method]}sha256:${base32Sha256(hash)}`
}

/** How the worker protocol names a method. */
export function methodText(method: ContentAddress['method']): string {
  return `${PREFIX[method]}sha256`
}

/**
 * The path of a content with this name that refers to these paths, and not to itself.
 * @returns `undefined` where there is none: a flat file can't have references, and some names aren't allowed.
 */
export function contentAddressedPath(
  name: string,
  { method, hash }: ContentAddress,
  references: readonly StorePath[],
): StorePath | undefined {
  if (method === 'flat') {
    if (references.length > 0) return undefined
    return storePath('output:out', sha256(`fixed:out:sha256:${hash}:`).toString('hex'), name)
  }
  const type = [method === 'text' ? 'text' : 'source', ...new Set(references.toSorted())].join(':')
  return storePath(type, hash, name)
}

function storePath(type: string, hash: string, name: string): StorePath | undefined {
  const folded = new Uint8Array(PATH_HASH_BYTES)
  for (const [i, byte] of sha256(`${type}:sha256:${hash}:${STORE_DIR}:${name}`).entries()) {
    folded[i % PATH_HASH_BYTES] = (folded[i % PATH_HASH_BYTES] ?? 0) ^ byte
  }
  return parseStorePath(`${STORE_DIR}/${encodeNixBase32(folded)}-${name}`)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
