/**
 * What is remembered across restarts, in SQLite: digests of layers by what is in them, so that no file is hashed
 * twice, what is in compressed archives, and which image a manifest digest belongs to. A cache: deleting it loses time only. Each row carries a check
 * sum of itself, so that a damaged file is an error and never a wrong digest.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parseDigest, type Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { Document } from '../core/image.ts'
import { parseStorePath, type StorePath } from '../core/store-path.ts'

export type LayerDigest = { readonly digest: Digest; readonly size: number }

const FILE_NAME = 'index.sqlite'
/** Changes with the tables below. Another version's file is emptied: it is a cache. */
const SCHEMA_VERSION = 2
const SCHEMA = `
  CREATE TABLE layers (key TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE manifests (digest TEXT PRIMARY KEY, root TEXT NOT NULL, bytes BLOB NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE notes (key TEXT PRIMARY KEY, note TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`
/** Two servers may share a directory; a write takes well under a millisecond. */
const BUSY_TIMEOUT_MS = 2_000

export class DigestIndex {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements: Readonly<
    Record<'getLayer' | 'putLayer' | 'getManifest' | 'putManifest' | 'getNote' | 'putNote', StatementSync>
  >

  /**
   * @param directory made if it isn't there.
   * @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written.
   */
  constructor(directory: string) {
    this.#path = join(directory, FILE_NAME)
    this.#database = this.#guard(() => open(directory, this.#path))
    this.#statements = this.#guard(() => ({
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
    }))
  }

  /** @throws RegistryError `unavailable`. */
  layer(key: string): LayerDigest | undefined {
    const row = this.#guard(() => this.#statements.getLayer.get(key))
    if (row === undefined) return undefined
    const { digest, size, sum } = row
    if (typeof digest !== 'string' || typeof size !== 'number' || sum !== sumOf([key, digest, String(size)]))
      this.#damaged()
    return { digest: parseDigest(digest), size }
  }

  /** @throws RegistryError `unavailable`. */
  putLayer(key: string, { digest, size }: LayerDigest): void {
    this.#guard(() => this.#statements.putLayer.run(key, digest, size, sumOf([key, digest, String(size)])))
  }

  /** What was noted of an archive. @throws RegistryError `unavailable`. */
  note(key: string): string | undefined {
    const row = this.#guard(() => this.#statements.getNote.get(key))
    if (row === undefined) return undefined
    const { note, sum } = row
    if (typeof note !== 'string' || sum !== sumOf([key, note])) this.#damaged()
    return note
  }

  /** @throws RegistryError `unavailable`. */
  putNote(key: string, note: string): void {
    this.#guard(() => this.#statements.putNote.run(key, note, sumOf([key, note])))
  }

  /** The image that was served with this manifest. @throws RegistryError `unavailable`. */
  manifestRoot(digest: Digest): StorePath | undefined {
    const row = this.#guard(() => this.#statements.getManifest.get(digest))
    if (row === undefined) return undefined
    const { root, bytes, sum } = row
    if (typeof root !== 'string' || !(bytes instanceof Uint8Array) || sum !== sumOf([digest, root, bytes]))
      this.#damaged()
    return parseStorePath(root)
  }

  /** @throws RegistryError `unavailable`. */
  putManifest(root: StorePath, { digest, bytes }: Document): void {
    this.#guard(() => this.#statements.putManifest.run(digest, root, bytes, sumOf([digest, root, bytes])))
  }

  close(): void {
    this.#database.close()
  }

  #guard<T>(use: () => T): T {
    try {
      return use()
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      const reason = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ')
      throw new RegistryError('unavailable', `state database ${this.#path}: ${reason}${adviceFor(reason)}`, {
        cause,
      })
    }
  }

  #damaged(): never {
    throw new RegistryError('unavailable', `state database ${this.#path}: a row is damaged${DELETE_IT}`)
  }
}

const DELETE_IT = '; stop pushless and delete the file: nothing is lost but time'

function adviceFor(reason: string): string {
  if (/malformed|not a database|corrupt|damaged/.test(reason)) return DELETE_IT
  if (/locked/.test(reason)) return '; another process holds it'
  if (/full/.test(reason)) return '; no space left on the disk'
  return ''
}

function open(directory: string, path: string): DatabaseSync {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    prepareFile(database)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

function prepareFile(database: DatabaseSync): void {
  // A crash of the machine may lose the last rows, which are only a cache, and never the file.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
  const check = database.prepare('PRAGMA quick_check(1)').get()
  if (check?.['quick_check'] !== 'ok') throw new Error(`damaged (${String(check?.['quick_check'])})`)
  const version = database.prepare('PRAGMA user_version').get()?.['user_version']
  if (version !== SCHEMA_VERSION) {
    database.exec(
      `BEGIN IMMEDIATE; DROP TABLE IF EXISTS layers; DROP TABLE IF EXISTS manifests; DROP TABLE IF EXISTS notes; ${SCHEMA} COMMIT;`,
    )
  }
}

function sumOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('base64url').slice(0, 22)
}
