/** The files of a binary cache, whatever it is reached by. */
import type { Readable } from 'node:stream'

export type CacheFile = {
  /** The bytes from `offset` on. */
  readonly body: Readable
  /** Differs from the wanted one where the cache cannot begin in the middle: then it is 0. */
  readonly offset: number
  /** Bytes of the whole file, where the cache gives its size. */
  readonly size: number | undefined
  /** Decoding that the body needs first, such as `gzip`. */
  readonly encoding: string | undefined
}

/** @throws CacheTrouble, also while the body is read. */
export type CacheFiles = {
  /**
   * Opens a file.
   * @param name relative to the cache.
   * @param offset where to begin.
   * @returns nothing where the cache has no such file.
   */
  readonly open: (name: string, offset: number, signal: AbortSignal) => Promise<CacheFile | undefined>
  readonly close: () => void
}

/** A cache that does not answer, or answers with what is not its content. */
export class CacheTrouble extends Error {
  /** Whether it makes sense to ask again immediately. */
  readonly isPassing: boolean

  constructor(message: string, options: { readonly cause?: unknown; readonly isPassing?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.name = 'CacheTrouble'
    this.isPassing = options.isPassing ?? false
  }
}
