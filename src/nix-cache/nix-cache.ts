/** Nix's binary cache, put together: what `/nix-cache` reads from and writes to. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DeletionListener } from '../core/deletion.ts'
import { STORE_DIR } from '../core/nix/store-path.ts'
import { CacheReader, type CacheReaderOptions } from './cache-reader.ts'
import { Importer, type ImporterOptions } from './importer.ts'
import { Uploads } from './uploads.ts'
import type { NixCacheMode } from './nix-cache-mode.ts'

export type NixCacheWriter = { readonly importer: Importer; readonly uploads: Uploads }

export type NixCache = {
  readonly reader: CacheReader
  /** None: nothing is taken. */
  readonly writer: NixCacheWriter | undefined
  readonly close: () => void
}

export type NixCacheOptions = CacheReaderOptions &
  Omit<ImporterOptions, 'uploads'> & {
    readonly mode: NixCacheMode
    /** The state directory; uploads that another process left in it are removed. */
    readonly state: string
    /** Hears of uploads that nobody imported. */
    readonly onDeletion: DeletionListener
  }

/**
 * Behind cache.nixos.org, whose is 40: what that has comes compressed and from nearby, and lets the registry do what
 * only it can. Archives come fast, so asking for many paths at once is welcome.
 */
export const CACHE_INFO = `StoreDir: ${STORE_DIR}\nWantMassQuery: 1\nPriority: 50\n`

/** @param options.state the state directory; uploads that another process left in it are removed. */
export function openNixCache({ mode, state, ...options }: NixCacheOptions): NixCache | undefined {
  const directory = join(state, 'uploads')
  rmSync(directory, { recursive: true, force: true })
  if (mode === 'off') return undefined
  const reader = new CacheReader(options)
  if (mode === 'read') return { reader, writer: undefined, close: () => undefined }
  const uploads = new Uploads(directory, undefined, options.onDeletion)
  const importer = new Importer({ ...options, uploads })
  return { reader, writer: { importer, uploads }, close: () => uploads.close() }
}
