/**
 * Names of the Nix store: `<store directory>/<hash>-<name>`.
 * Grammar: Nix manual, "Store Path"; `checkName` and `storePathRegex` of libstore.
 */

import type { ByteString } from '../byte-string.ts'

declare const brand: unique symbol
/** An absolute store path, `/nix/store/<hash>-<name>`, nothing below it. */
export type StorePath = ByteString & { readonly [brand]: 'StorePath' }
/** The 32 characters that decide what a store path is. */
export type StoreHash = string & { readonly [brand]: 'StoreHash' }

export const STORE_DIR = '/nix/store'
/** Characters of a hash in Nix's base 32: digits and lower-case letters without e, o, t, u. */
const HASH = /^[0-9abcdfghijklmnpqrsvwxyz]{32}$/
/** Nix's own limit, `StorePath::MaxPathLen`. */
const MAX_NAME_LENGTH = 211
const NAME = /^[0-9A-Za-z+\-._?=]+$/

export function parseStoreHash(text: string): StoreHash | undefined {
  return HASH.test(text) ? (text as StoreHash) : undefined
}

export function isStoreName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text) && text !== '.' && text !== '..'
}

/** The store path that `text` is, or `undefined` if it is anything else (also for a path below a store path). */
export function parseStorePath(text: string): StorePath | undefined {
  if (!text.startsWith(`${STORE_DIR}/`)) return undefined
  const base = text.slice(STORE_DIR.length + 1)
  const isPath = HASH.test(base.slice(0, 32)) && base[32] === '-' && isStoreName(base.slice(33))
  return isPath ? (text as StorePath) : undefined
}

/** The store path that `text` is or lies below, as in `/nix/store/<hash>-hello/bin/hello`. */
export function storePathAround(text: string): StorePath | undefined {
  const end = text.indexOf('/', STORE_DIR.length + 1)
  return parseStorePath(end === -1 ? text : text.slice(0, end))
}

export function storePathOf(hash: StoreHash, name: string): StorePath | undefined {
  return parseStorePath(`${STORE_DIR}/${hash}-${name}`)
}

export function storeHashOf(path: StorePath): StoreHash {
  return path.slice(STORE_DIR.length + 1, STORE_DIR.length + 33) as StoreHash
}

export function storeNameOf(path: StorePath): string {
  return path.slice(STORE_DIR.length + 34)
}

export function isDerivationPath(path: StorePath): boolean {
  return path.endsWith('.drv')
}

/** Order by name, then hash: a rebuild changes the hash and keeps the place. */
export function compareByName(a: StorePath, b: StorePath): number {
  const [nameA, nameB] = [storeNameOf(a), storeNameOf(b)]
  if (nameA !== nameB) return nameA < nameB ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
