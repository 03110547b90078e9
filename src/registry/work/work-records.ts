/**
 * Records builds and fetches, in SQLite beside the digest index: one record for the latest run of each derivation or
 * path. Records outlive the process, so that a failure is remembered across restarts. Work that a dead process left
 * running is `interrupted`, which says nothing against it.
 */
import { readFileSync } from 'node:fs'
import type { ErrorFacts, ErrorKind } from '../../core/errors/errors.ts'
import type { StoreHash, StorePath } from '../../core/nix/store-path.ts'
import { StateDatabase, sumOf, type Schema } from '../state/state-database.ts'
import type { LogExtent } from './work-log.ts'

export type WorkState = (typeof WORK_STATES)[number]
export const WORK_STATES = ['queued', 'running', 'done', 'failed', 'interrupted'] as const

export type WorkFailure = {
  /** The kind of the failure; `undefined` for a defect of this server. */
  readonly kind: ErrorKind | undefined
  readonly message: string
  readonly facts: ErrorFacts
  /** Whether it says something about the work, and not about a moment (see work-failure.ts). */
  readonly isLasting: boolean
}

/** Times are in milliseconds since the epoch. */
export type WorkRecord = {
  /** The hash of the derivation or the path. A build makes all outputs, whichever was requested. */
  readonly id: StoreHash
  readonly kind: 'build' | 'fetch'
  /** For people: the store name, without `.drv`. */
  readonly name: string
  /** The derivation, or what is fetched. */
  readonly path: StorePath
  /** The requested outputs; empty for a fetch. */
  readonly outputs: readonly string[]
  /** Paths that it makes, as far as they are known. */
  readonly makes: readonly StorePath[]
  readonly state: WorkState
  readonly queued: number
  readonly started: number | undefined
  readonly ended: number | undefined
  readonly failure: WorkFailure | undefined
  readonly log: LogExtent | undefined
}

/** A record is about 1 KB; a day of a busy cluster is a few hundred. */
export const RECORDS_KEPT = 1_000
const FILE_NAME = 'work.sqlite'
const SCHEMA: Schema = {
  version: 2,
  tables: {
    work: '(id TEXT PRIMARY KEY, state TEXT NOT NULL, queued INTEGER NOT NULL, makes TEXT NOT NULL, owner TEXT NOT NULL, record TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
}

const SELECT = 'SELECT id, owner, record, sum FROM work'
const SQL = {
  get: `${SELECT} WHERE id = ?`,
  made: `${SELECT} WHERE instr(makes, ?) > 0 ORDER BY queued DESC LIMIT 1`,
  list: `${SELECT} ORDER BY queued DESC, id LIMIT ?`,
  listState: `${SELECT} WHERE state = ? ORDER BY queued DESC, id LIMIT ?`,
  live: `${SELECT} WHERE state IN ('queued', 'running')`,
  put: 'INSERT OR REPLACE INTO work (id, state, queued, makes, owner, record, sum) VALUES (?, ?, ?, ?, ?, ?, ?)',
  remove: 'DELETE FROM work WHERE id = ?',
  old: `${SELECT} WHERE state NOT IN ('queued', 'running') ORDER BY queued DESC, id LIMIT -1 OFFSET ${RECORDS_KEPT}`,
} as const

export class WorkRecords {
  readonly #database: StateDatabase
  readonly #owner = ownerOf(process.pid)

  /** @throws RegistryError `unavailable` for a database that is damaged, locked, or can't be written. */
  constructor(directory: string) {
    this.#database = new StateDatabase(directory, FILE_NAME, SCHEMA)
  }

  /** By its own hash, else by that of a path that it makes. @throws RegistryError `unavailable`. */
  get(hash: StoreHash): WorkRecord | undefined {
    const found =
      this.#read(this.#database.get(SQL.get, hash)) ?? this.#read(this.#database.get(SQL.made, hash))
    return found?.record
  }

  /** The newest first. @throws RegistryError `unavailable`. */
  list(limit: number, state?: WorkState): readonly WorkRecord[] {
    const rows =
      state === undefined
        ? this.#database.all(SQL.list, limit)
        : this.#database.all(SQL.listState, state, limit)
    return rows.flatMap((row) => this.#read(row)?.record ?? [])
  }

  /** @throws RegistryError `unavailable`. */
  put(record: WorkRecord): void {
    const { id, state, queued } = record
    const text = JSON.stringify(record)
    const makes = record.makes.join(' ')
    const sum = sumOf([id, state, String(queued), makes, text])
    this.#database.run(SQL.put, id, state, queued, makes, this.#owner, text, sum)
  }

  /** @throws RegistryError `unavailable`. */
  remove(id: StoreHash): void {
    this.#database.run(SQL.remove, id)
  }

  /**
   * Returns the finished records beyond the limit, which are to be removed.
   * @throws RegistryError `unavailable`.
   */
  surplus(): readonly WorkRecord[] {
    const rows = this.#database.all(SQL.old)
    return rows.flatMap((row) => this.#read(row)?.record ?? [])
  }

  /**
   * Returns the records that a dead process left queued or running.
   * @throws RegistryError `unavailable`.
   */
  abandoned(): readonly WorkRecord[] {
    const rows = this.#database.all(SQL.live)
    return rows.flatMap((row) => {
      const found = this.#read(row)
      // A command beside the server (`inspect`) shares its state: what a living process does is its own.
      return found === undefined || (found.owner !== this.#owner && isAlive(found.owner))
        ? []
        : [found.record]
    })
  }

  close(): void {
    this.#database.close()
  }

  #read(row: Record<string, unknown> | undefined): { record: WorkRecord; owner: string } | undefined {
    if (row === undefined) return undefined
    const { id, owner, record: text, sum } = row
    if (typeof id !== 'string' || typeof owner !== 'string' || typeof text !== 'string')
      this.#database.damaged()
    const record = JSON.parse(text) as WorkRecord
    const expected = sumOf([id, record.state, String(record.queued), record.makes.join(' '), text])
    if (sum !== expected) this.#database.damaged()
    return { record, owner }
  }
}

/** A process, told apart from a later one with its number by the time it started. */
function ownerOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted behind the command's name, which may hold anything (proc_pid_stat(5)).
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
  } catch {
    return `${pid} gone`
  }
}

function isAlive(owner: string): boolean {
  const pid = Number(owner.split(' ', 1)[0])
  return !owner.endsWith(' gone') && ownerOf(pid) === owner
}
