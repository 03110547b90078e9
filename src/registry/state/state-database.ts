/**
 * An SQLite file of the state directory. All of them are caches: another version's tables are emptied, a damaged file
 * says so when the server starts, and each row carries a check sum of itself, so that damage is never a wrong answer.
 * A file that is deleted while the server runs is made anew before the next write.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { RegistryError } from '../../core/errors/errors.ts'
import { systemReason } from '../../core/errors/system-error.ts'
import { FILE_MODE, makePrivate, makeStateDirectory } from './state-directory.ts'

export type Schema = {
  /** Changes with the tables. */
  readonly version: number
  /** Column definitions and table options, by table name. */
  readonly tables: Readonly<Record<string, string>>
}

/** Two servers may share a directory; a write takes well under a millisecond. */
const BUSY_TIMEOUT_MS = 2_000
const DELETE_IT = '; stop pushless and delete the file: nothing is lost but time'

export type Row = Record<string, SQLOutputValue>

export class StateDatabase {
  readonly #directory: string
  readonly #path: string
  readonly #schema: Schema
  #database: DatabaseSync
  /** The file that is open. */
  #inode: bigint | undefined
  readonly #statements = new Map<string, StatementSync>()

  /**
   * @param directory made if it isn't there.
   * @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written.
   */
  constructor(directory: string, fileName: string, schema: Schema) {
    this.#directory = directory
    this.#path = join(directory, fileName)
    this.#schema = schema
    this.#database = this.#explained(() => open(directory, this.#path, schema))
    this.#inode = inodeOf(this.#path)
  }

  /** The first row, if there is one. @throws RegistryError `unavailable`. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#explained(() => this.#statement(sql).get(...values))
  }

  /** @throws RegistryError `unavailable`. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#explained(() => this.#statement(sql).all(...values))
  }

  /** Writes. @throws RegistryError `unavailable`. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.#explained(() => {
      if (!this.isTogether && inodeOf(this.#path) !== this.#inode) this.#reopen()
      this.#statement(sql).run(...values)
    })
  }

  /** Whether the work of `together` is running. */
  get isTogether(): boolean {
    return this.#database.isTransaction
  }

  /** Writes what `work` runs as a whole, or nothing of it. @throws RegistryError `unavailable`. */
  together(work: () => void): void {
    this.run('BEGIN IMMEDIATE')
    try {
      work()
      this.run('COMMIT')
    } catch (error) {
      // A full disk ends the transaction itself.
      if (this.isTogether) this.run('ROLLBACK')
      throw error
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Somebody deleted the file, and may have put another one there. */
  #reopen(): void {
    const database = open(this.#directory, this.#path, this.#schema)
    this.#statements.clear()
    this.#database.close()
    this.#database = database
    this.#inode = inodeOf(this.#path)
  }

  /** @throws RegistryError `unavailable` for whatever SQLite throws in `work`, with advice. */
  #explained<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      const reason = systemReason(cause) ?? message.replaceAll(/\s+/g, ' ')
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

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function open(directory: string, path: string, schema: Schema): DatabaseSync {
  makeStateDirectory(directory)
  // SQLite gives the files beside it the mode of this one. One that is there isn't opened here: closing it would take
  // the locks of all other connections of this process (fcntl_locking(2)).
  if (!existsSync(path)) closeSync(openSync(path, 'a', FILE_MODE))
  for (const suffix of ['', '-wal', '-shm']) makePrivate(path + suffix)
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
