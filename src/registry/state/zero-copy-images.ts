/**
 * Remembers the zero-copy images that were made here, across restarts: a container may be created from one long after
 * its pull. The last ones are in memory as well, since a runtime waits for the answer.
 */
import { LRUCache } from 'lru-cache'
import { STORE_DIR, parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { Image } from '../artifact/image.ts'
import { StateDatabase, sumOf, type Schema } from './state-database.ts'
import { StateTrouble } from './state-trouble.ts'

export type ZeroCopyImage = {
  readonly root: StorePath
  /** The store paths that each container gets, sorted. */
  readonly mounts: readonly StorePath[]
}

const FILE_NAME = 'zero-copy.sqlite'
const SCHEMA: Schema = {
  version: 1,
  tables: {
    images:
      '(config TEXT PRIMARY KEY, root TEXT NOT NULL, mounts TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
    names: '(name TEXT PRIMARY KEY, config TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
}
const SQL = {
  getName: 'SELECT config, sum FROM names WHERE name = ?',
  putName: 'INSERT OR REPLACE INTO names (name, config, sum) VALUES (?, ?, ?)',
  getImage: 'SELECT root, mounts, sum FROM images WHERE config = ?',
  putImage: 'INSERT OR REPLACE INTO images (config, root, mounts, sum) VALUES (?, ?, ?, ?)',
} as const
/** Store paths in memory, over all images: some tens of megabytes. */
const PATHS_KEPT = 200_000

export class ZeroCopyImages {
  readonly #database: StateDatabase
  readonly #trouble: StateTrouble
  readonly #byName = new LRUCache<string, ZeroCopyImage>({
    maxSize: PATHS_KEPT,
    sizeCalculation: ({ mounts }) => mounts.length + 1,
  })

  /** @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written. */
  constructor(directory: string, trouble = new StateTrouble(() => undefined)) {
    this.#database = new StateDatabase(directory, FILE_NAME, SCHEMA)
    this.#trouble = trouble
  }

  /**
   * Finds an image by the digest of its manifest or config, or the one that was made last by its store path.
   * @throws RegistryError `unavailable` for a damaged row.
   */
  find(name: string): ZeroCopyImage | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const read = this.#guarded(() => this.#read(name))
    if (read !== undefined) this.#byName.set(name, read)
    return read
  }

  put({ root, mounts, config, manifest }: Pick<Image, 'root' | 'mounts' | 'config' | 'manifest'>): void {
    const image = { root, mounts }
    const names = [config.digest, manifest.digest, root]
    for (const name of names) this.#byName.set(name, image)
    const text = mounts.map((path) => path.slice(STORE_DIR.length + 1)).join('\n')
    this.#guarded(() => {
      this.#database.run(SQL.putImage, config.digest, root, text, sumOf([config.digest, root, text]))
      for (const name of names)
        this.#database.run(SQL.putName, name, config.digest, sumOf([name, config.digest]))
      this.#trouble.clear()
    })
  }

  close(): void {
    this.#database.close()
  }

  #read(name: string): ZeroCopyImage | undefined {
    const named = this.#database.get(SQL.getName, name)
    if (named === undefined) return undefined
    const { config } = named
    if (typeof config !== 'string' || named['sum'] !== sumOf([name, config])) this.#database.damaged()
    const row = this.#database.get(SQL.getImage, config)
    if (row === undefined) return undefined
    const { root, mounts, sum } = row
    if (typeof root !== 'string' || typeof mounts !== 'string' || sum !== sumOf([config, root, mounts]))
      this.#database.damaged()
    const path = parseStorePath(root)
    if (path === undefined) return undefined
    return {
      root: path,
      mounts: mounts.split('\n').flatMap((base) => parseStorePath(`${STORE_DIR}/${base}`) ?? []),
    }
  }

  /** The disk may be full, read-only or gone: what can't be written is known until the end of the process. */
  #guarded<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#trouble.report(error)
      return undefined
    }
  }
}
