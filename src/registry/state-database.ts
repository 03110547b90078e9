/**
 * An SQLite file of the state directory. All of them are caches: another version's tables are emptied, a damaged file
 * says so when the server starts, and each row carries a check sum of itself, so that damage is never a wrong answer.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { RegistryError } from '../core/errors.ts'

export type Schema = {
  /** Changes with the tables. */
  readonly version: number
  /** Column definitions and table options, by table name. */
  readonly tables: Readonly<Record<string, string>>
}

/** Two servers may share a directory; a write takes well under a millisecond. */
const BUSY_TIMEOUT_MS = 2_000
const DELETE_IT = '; stop pushless and delete the file: nothing is lost but time'

export class StateDatabase {
  readonly #path: string
  readonly #database: DatabaseSync

  /**
   * @param directory made if it isn't there.
   * @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written.
   */
  constructor(directory: string, fileName: string, schema: Schema) {
    this.#path = join(directory, fileName)
    this.#database = this.use(() => open(directory, this.#path, schema))
  }

  /** @throws RegistryError `unavailable`. */
  prepare(sql: string): StatementSync {
    return this.use(() => this.#database.prepare(sql))
  }

  /** What `work` gives. @throws RegistryError `unavailable` for whatever SQLite throws in it, with advice. */
  use<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      const reason = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ')
      throw new RegistryError('unavailable', `state database ${this.#path}: ${reason}${adviceFor(reason)}`, {
        cause,
      })
    }
  }

  /** For a row whose sum isn't its own. @throws RegistryError `unavailable`. */
  damaged(): never {
    throw new RegistryError('unavailable', `state database ${this.#path}: a row is damaged${DELETE_IT}`)
  }

  close(): void {
    this.#database.close()
  }
}

/** The check sum of a row. */
export function sumOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('base64url').slice(0, 22)
}

function adviceFor(reason: string): string {
  if (/malformed|not a database|corrupt|damaged/.test(reason)) return DELETE_IT
  if (/locked/.test(reason)) return '; another process holds it'
  if (/full/.test(reason)) return '; no space left on the disk'
  return ''
}

function open(directory: string, path: string, schema: Schema): DatabaseSync {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    prepareFile(database, schema)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

function prepareFile(database: DatabaseSync, { version, tables }: Schema): void {
  // A crash of the machine may lose the last rows, which are only a cache, and never the file.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
  const check = database.prepare('PRAGMA quick_check(1)').get()
  if (check?.['quick_check'] !== 'ok') throw new Error(`damaged (${String(check?.['quick_check'])})`)
  if (database.prepare('PRAGMA user_version').get()?.['user_version'] === version) return
  const renew = Object.entries(tables).map(
    ([name, definition]) => `DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} ${definition};`,
  )
  database.exec(`BEGIN IMMEDIATE; ${renew.join(' ')} PRAGMA user_version = ${version}; COMMIT;`)
}
