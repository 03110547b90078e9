/**
 * Remembers facts across restarts, in SQLite: digests of layers by their contents, the entries of compressed archives,
 * the image of a manifest digest, and the manifest that an image had. It is a cache: deleting it loses time only.
 */
import { parseDigest, type Digest } from '../../core/oci/digest.ts'
import type { Document } from '../../core/oci/image.ts'
import { parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import { StateDatabase, sumOf, type Row, type Schema } from './state-database.ts'
import { StateTrouble } from './state-trouble.ts'

export type LayerDigest = { readonly digest: Digest; readonly size: number }

const FILE_NAME = 'index.sqlite'
const SCHEMA: Schema = {
  version: 2,
  tables: {
    layers:
      '(key TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
    manifests:
      '(digest TEXT PRIMARY KEY, root TEXT NOT NULL, bytes BLOB NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
    latest: '(name TEXT PRIMARY KEY, digest TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
    notes: '(key TEXT PRIMARY KEY, note TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
}

const SQL = {
  getLayer: 'SELECT digest, size, sum FROM layers WHERE key = ?',
  putLayer: 'INSERT OR REPLACE INTO layers (key, digest, size, sum) VALUES (?, ?, ?, ?)',
  getNote: 'SELECT note, sum FROM notes WHERE key = ?',
  putNote: 'INSERT OR REPLACE INTO notes (key, note, sum) VALUES (?, ?, ?)',
  getManifest: 'SELECT root, bytes, sum FROM manifests WHERE digest = ?',
  putManifest: 'INSERT OR REPLACE INTO manifests (digest, root, bytes, sum) VALUES (?, ?, ?, ?)',
  getLatest: 'SELECT digest, sum FROM latest WHERE name = ?',
  putLatest: 'INSERT OR REPLACE INTO latest (name, digest, sum) VALUES (?, ?, ?)',
} as const

/**
 * Nothing here fails because the disk is full, read-only or gone: what can't be read is not remembered, what can't be
 * written is forgotten, and both are reported. Only a damaged row is an error, since nobody knows what else is wrong.
 */
export class DigestIndex {
  readonly #database: StateDatabase
  readonly #trouble: StateTrouble

  /**
   * @param directory made if it isn't there.
   * @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written.
   */
  constructor(directory: string, trouble = new StateTrouble(() => undefined)) {
    this.#database = new StateDatabase(directory, FILE_NAME, SCHEMA)
    this.#trouble = trouble
  }

  /** @throws RegistryError `unavailable` for a damaged row. */
  layer(key: string): LayerDigest | undefined {
    const row = this.#get(SQL.getLayer, key)
    if (row === undefined) return undefined
    const { digest, size, sum } = row
    if (typeof digest !== 'string' || typeof size !== 'number' || sum !== sumOf([key, digest, String(size)]))
      this.#database.damaged()
    return { digest: parseDigest(digest), size }
  }

  putLayer(key: string, { digest, size }: LayerDigest): void {
    this.#put(SQL.putLayer, key, digest, size, sumOf([key, digest, String(size)]))
  }

  /**
   * Returns the note about an archive.
   * @throws RegistryError `unavailable` for a damaged row.
   */
  note(key: string): string | undefined {
    const row = this.#get(SQL.getNote, key)
    if (row === undefined) return undefined
    const { note, sum } = row
    if (typeof note !== 'string' || sum !== sumOf([key, note])) this.#database.damaged()
    return note
  }

  putNote(key: string, note: string): void {
    this.#put(SQL.putNote, key, note, sumOf([key, note]))
  }

  /**
   * A manifest that was made, and the image that it was made for.
   * @throws RegistryError `unavailable` for a damaged row.
   */
  manifest(digest: Digest): { readonly root: StorePath | undefined; readonly bytes: Uint8Array } | undefined {
    const row = this.#get(SQL.getManifest, digest)
    if (row === undefined) return undefined
    const { root, bytes, sum } = row
    if (typeof root !== 'string' || !(bytes instanceof Uint8Array) || sum !== sumOf([digest, root, bytes]))
      this.#database.damaged()
    return { root: parseStorePath(root), bytes }
  }

  putManifest(root: StorePath, { digest, bytes }: Document): void {
    this.#put(SQL.putManifest, digest, root, bytes, sumOf([digest, root, bytes]))
  }

  /**
   * The manifest that a path, or an output (`derivation!output`), had when it was last made.
   * @throws RegistryError `unavailable` for a damaged row.
   */
  latest(name: string): Digest | undefined {
    const row = this.#get(SQL.getLatest, name)
    if (row === undefined) return undefined
    const { digest, sum } = row
    if (typeof digest !== 'string' || sum !== sumOf([name, digest])) this.#database.damaged()
    return parseDigest(digest)
  }

  putLatest(name: string, digest: Digest): void {
    this.#put(SQL.putLatest, name, digest, sumOf([name, digest]))
  }

  /** Writes what `work` puts in one piece: each piece costs as much as the rows in it. */
  together(work: () => void): void {
    try {
      this.#database.together(work)
      this.#trouble.clear()
    } catch (error) {
      this.#trouble.report(error)
    }
  }

  close(): void {
    this.#database.close()
  }

  #get(sql: string, key: string): Row | undefined {
    try {
      return this.#database.get(sql, key)
    } catch (error) {
      this.#trouble.report(error)
      return undefined
    }
  }

  #put(sql: string, ...values: (string | number | Uint8Array)[]): void {
    if (this.#database.isTogether) {
      this.#database.run(sql, ...values)
      return
    }
    try {
      this.#database.run(sql, ...values)
      this.#trouble.clear()
    } catch (error) {
      this.#trouble.report(error)
    }
  }
}
