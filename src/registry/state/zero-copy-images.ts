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
  /** Whether the image has the places to mount them at. */
  readonly hasPlaces: boolean
}

/** An image by the digest of its config, and the day on which it was last pulled, or a container made of it. */
type KnownImage = ZeroCopyImage & { readonly config: string; day: number }

const FILE_NAME = 'zero-copy.sqlite'
const SCHEMA: Schema = {
  version: 2,
  tables: {
    images:
      '(config TEXT PRIMARY KEY, root TEXT NOT NULL, mounts TEXT NOT NULL, places INTEGER NOT NULL, day INTEGER NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
    names: '(name TEXT PRIMARY KEY, config TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
}
const SQL = {
  getName: 'SELECT config, sum FROM names WHERE name = ?',
  putName: 'INSERT OR REPLACE INTO names (name, config, sum) VALUES (?, ?, ?)',
  getImage: 'SELECT root, mounts, places, day, sum FROM images WHERE config = ?',
  putImage:
    'INSERT OR REPLACE INTO images (config, root, mounts, places, day, sum) VALUES (?, ?, ?, ?, ?, ?)',
  getOld: 'SELECT config, root FROM images WHERE day < ?',
  dropImage: 'DELETE FROM images WHERE config = ?',
  dropNames: 'DELETE FROM names WHERE config = ?',
} as const
const DAY_MS = 24 * 3_600_000
/**
 * A node keeps a few kilobytes for long, so this is more than --keep. A container of an image that was forgotten is
 * refused once, and the image is made again meanwhile.
 */
const DAYS_KEPT = 90
/** Store paths in memory, over all images: some tens of megabytes. */
const PATHS_KEPT = 200_000

export class ZeroCopyImages {
  readonly #database: StateDatabase
  readonly #trouble: StateTrouble
  readonly #now: () => number
  readonly #byName = new LRUCache<string, KnownImage>({
    maxSize: PATHS_KEPT,
    sizeCalculation: ({ mounts }) => mounts.length + 1,
  })

  /** @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written. */
  constructor(directory: string, trouble = new StateTrouble(() => undefined), now: () => number = Date.now) {
    this.#database = new StateDatabase(directory, FILE_NAME, SCHEMA)
    this.#trouble = trouble
    this.#now = now
  }

  /**
   * Finds an image by the digest of its manifest or config, or the one that was made last by its store path.
   * @throws RegistryError `unavailable` for a damaged row.
   */
  find(name: string): ZeroCopyImage | undefined {
    const found = this.#byName.get(name) ?? this.#guarded(() => this.#read(name))
    if (found === undefined) return undefined
    this.#byName.set(name, found)
    const today = this.#today()
    if (found.day !== today) {
      found.day = today
      this.#guarded(() => this.#write(found))
    }
    return found
  }

  put({
    root,
    mounts,
    hasPlaces,
    config,
    manifest,
  }: ZeroCopyImage & Pick<Image, 'config' | 'manifest'>): void {
    const image: KnownImage = { root, mounts, hasPlaces, config: config.digest, day: this.#today() }
    const names = [config.digest, manifest.digest, root]
    for (const name of names) this.#byName.set(name, image)
    this.#guarded(() => {
      this.#write(image)
      for (const name of names)
        this.#database.run(SQL.putName, name, config.digest, sumOf([name, config.digest]))
      this.#trouble.clear()
    })
  }

  /** Forgets images that nobody used for DAYS_KEPT days. @param held the roots of those that containers have now. */
  prune(held: ReadonlySet<string>): void {
    const firstKept = this.#today() - DAYS_KEPT
    for (const [name, { root, day }] of this.#byName.entries())
      if (day < firstKept && !held.has(root)) this.#byName.delete(name)
    this.#guarded(() => {
      for (const { config, root } of this.#database.all(SQL.getOld, firstKept)) {
        if (typeof config !== 'string' || typeof root !== 'string' || held.has(root)) continue
        this.#database.run(SQL.dropNames, config)
        this.#database.run(SQL.dropImage, config)
      }
    })
  }

  close(): void {
    this.#database.close()
  }

  /** Days since the epoch. */
  #today(): number {
    return Math.floor(this.#now() / DAY_MS)
  }

  #write({ config, root, mounts, hasPlaces, day }: KnownImage): void {
    const text = mounts.map((path) => path.slice(STORE_DIR.length + 1)).join('\n')
    const places = Number(hasPlaces)
    const sum = sumOf([config, root, text, String(places), String(day)])
    this.#database.run(SQL.putImage, config, root, text, places, day, sum)
  }

  #read(name: string): KnownImage | undefined {
    const named = this.#database.get(SQL.getName, name)
    if (named === undefined) return undefined
    const { config } = named
    if (typeof config !== 'string' || named['sum'] !== sumOf([name, config])) this.#database.damaged()
    const row = this.#database.get(SQL.getImage, config)
    if (row === undefined) return undefined
    const { root, mounts, places, day, sum } = row
    if (
      typeof root !== 'string' ||
      typeof mounts !== 'string' ||
      typeof day !== 'number' ||
      sum !== sumOf([config, root, mounts, String(places), String(day)])
    )
      this.#database.damaged()
    const path = parseStorePath(root)
    if (path === undefined) return undefined
    return {
      config,
      day,
      root: path,
      hasPlaces: places === 1,
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
