/**
 * What is remembered across restarts, in SQLite: digests of layers by what is in them, so that no file is hashed
 * twice, what is in compressed archives, which image a manifest digest belongs to, and which manifest an image had. A
 * cache: deleting it loses time only.
 */
import type { StatementSync } from 'node:sqlite'
import { parseDigest, type Digest } from '../core/digest.ts'
import type { Document } from '../core/image.ts'
import { parseStorePath, type StorePath } from '../core/store-path.ts'
import { StateDatabase, sumOf, type Schema } from './state-database.ts'

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

export class DigestIndex {
  readonly #database: StateDatabase
  readonly #statements: Readonly<
    Record<
      | 'getLayer'
      | 'putLayer'
      | 'getManifest'
      | 'putManifest'
      | 'getLatest'
      | 'putLatest'
      | 'getNote'
      | 'putNote',
      StatementSync
    >
  >

  /**
   * @param directory made if it isn't there.
   * @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written.
   */
  constructor(directory: string) {
    this.#database = new StateDatabase(directory, FILE_NAME, SCHEMA)
    this.#statements = {
      getLayer: this.#database.prepare('SELECT digest, size, sum FROM layers WHERE key = ?'),
      putLayer: this.#database.prepare(
        'INSERT OR REPLACE INTO layers (key, digest, size, sum) VALUES (?, ?, ?, ?)',
      ),
      getNote: this.#database.prepare('SELECT note, sum FROM notes WHERE key = ?'),
      putNote: this.#database.prepare('INSERT OR REPLACE INTO notes (key, note, sum) VALUES (?, ?, ?)'),
      getManifest: this.#database.prepare('SELECT root, bytes, sum FROM manifests WHERE digest = ?'),
      putManifest: this.#database.prepare(
        'INSERT OR REPLACE INTO manifests (digest, root, bytes, sum) VALUES (?, ?, ?, ?)',
      ),
      getLatest: this.#database.prepare('SELECT digest, sum FROM latest WHERE name = ?'),
      putLatest: this.#database.prepare('INSERT OR REPLACE INTO latest (name, digest, sum) VALUES (?, ?, ?)'),
    }
  }

  /** @throws RegistryError `unavailable`. */
  layer(key: string): LayerDigest | undefined {
    const row = this.#database.use(() => this.#statements.getLayer.get(key))
    if (row === undefined) return undefined
    const { digest, size, sum } = row
    if (typeof digest !== 'string' || typeof size !== 'number' || sum !== sumOf([key, digest, String(size)]))
      this.#database.damaged()
    return { digest: parseDigest(digest), size }
  }

  /** @throws RegistryError `unavailable`. */
  putLayer(key: string, { digest, size }: LayerDigest): void {
    this.#database.use(() =>
      this.#statements.putLayer.run(key, digest, size, sumOf([key, digest, String(size)])),
    )
  }

  /** What was noted of an archive. @throws RegistryError `unavailable`. */
  note(key: string): string | undefined {
    const row = this.#database.use(() => this.#statements.getNote.get(key))
    if (row === undefined) return undefined
    const { note, sum } = row
    if (typeof note !== 'string' || sum !== sumOf([key, note])) this.#database.damaged()
    return note
  }

  /** @throws RegistryError `unavailable`. */
  putNote(key: string, note: string): void {
    this.#database.use(() => this.#statements.putNote.run(key, note, sumOf([key, note])))
  }

  /** A manifest that was made, and the image that it was made for. @throws RegistryError `unavailable`. */
  manifest(digest: Digest): { readonly root: StorePath | undefined; readonly bytes: Uint8Array } | undefined {
    const row = this.#database.use(() => this.#statements.getManifest.get(digest))
    if (row === undefined) return undefined
    const { root, bytes, sum } = row
    if (typeof root !== 'string' || !(bytes instanceof Uint8Array) || sum !== sumOf([digest, root, bytes]))
      this.#database.damaged()
    return { root: parseStorePath(root), bytes }
  }

  /** @throws RegistryError `unavailable`. */
  putManifest(root: StorePath, { digest, bytes }: Document): void {
    this.#database.use(() =>
      this.#statements.putManifest.run(digest, root, bytes, sumOf([digest, root, bytes])),
    )
  }

  /** The manifest that a path, or an output (`derivation!output`), had when it was last made. @throws RegistryError `unavailable`. */
  latest(name: string): Digest | undefined {
    const row = this.#database.use(() => this.#statements.getLatest.get(name))
    if (row === undefined) return undefined
    const { digest, sum } = row
    if (typeof digest !== 'string' || sum !== sumOf([name, digest])) this.#database.damaged()
    return parseDigest(digest)
  }

  /** @throws RegistryError `unavailable`. */
  putLatest(name: string, digest: Digest): void {
    this.#database.use(() => this.#statements.putLatest.run(name, digest, sumOf([name, digest])))
  }

  close(): void {
    this.#database.close()
  }
}
