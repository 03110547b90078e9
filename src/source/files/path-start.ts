/** The kind of a store path, and the beginning of its file: most kinds of images are told apart by that, so it is read once. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'

export type PathStart =
  | { readonly kind: 'directory' }
  /** A regular file. */
  | ({ readonly kind: 'file' } & FileStart)
  /** Neither of them. */
  | { readonly kind: 'other' }

export type FileStart = {
  /** Bytes of the whole file. */
  readonly size: number
  /** The first ones; all of a small file. */
  readonly bytes: Uint8Array
}

/** Enough for the first headers of a tar: a dozen entries of `buildImage` come before its first layer's bytes. */
export const START_SIZE = 16 * 1024
/** A link is not followed, and a named pipe must not be waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Synchronous, for reader threads.
 * @param path as Node's file functions take it. Nothing above its last part is a link.
 * @throws what Node throws where it isn't there, or can't be read.
 */
export function readPathStart(path: string | Buffer): PathStart {
  const stat = lstatSync(path)
  if (stat.isDirectory()) return { kind: 'directory' }
  if (!stat.isFile()) return { kind: 'other' }
  const file = openSync(path, FLAGS)
  try {
    const opened = fstatSync(file)
    if (!opened.isFile()) return { kind: 'other' }
    const { size } = opened
    const bytes = new Uint8Array(Math.min(size, START_SIZE))
    const count = readSync(file, bytes, 0, bytes.length, 0)
    return { kind: 'file', size, bytes: bytes.subarray(0, count) }
  } finally {
    closeSync(file)
  }
}
