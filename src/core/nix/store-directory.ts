/**
 * The files of a store on this machine. A store path has the same name everywhere, since digests are made of names, but
 * its files may be elsewhere: the cache store keeps them below the state directory. So everything works with names,
 * and a name becomes a file here, immediately before it is opened.
 */
import { asByteString, encodeText, fsPath, type ByteString } from '../byte-string.ts'
import { STORE_DIR } from './store-path.ts'

declare const brand: unique symbol
/** The absolute path of a directory that has store paths in it. Nothing in this path is a symbolic link. */
export type StoreDirectory = ByteString & { readonly [brand]: 'StoreDirectory' }

/** The store of the machine's own Nix. */
export const SYSTEM_STORE = STORE_DIR as StoreDirectory

/** @param path absolute, without links, and without a slash at its end. */
export function storeDirectory(path: string): StoreDirectory {
  if (!path.startsWith('/') || path.endsWith('/')) throw new Error(`not an absolute directory: ${path}`)
  return encodeText(path) as StoreDirectory
}

/**
 * Returns the file of a path of the store as a byte string.
 * @param path absolute. One that is outside of `/nix/store` is a file of this server, and stays what it is.
 */
export function placeOf(directory: StoreDirectory, path: ByteString): ByteString {
  if (directory === SYSTEM_STORE || !path.startsWith(`${STORE_DIR}/`)) return path
  return asByteString(`${directory}${path.slice(STORE_DIR.length)}`)
}

/** Returns the file of a path of the store as Node's file functions take it. See `placeOf`. */
export function fileOf(directory: StoreDirectory, path: ByteString): string | Buffer {
  return fsPath(placeOf(directory, path))
}
