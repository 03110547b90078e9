/**
 * The journal of builds and fetches: what is going on, what was, with its log, and what failed a short while ago. One
 * entry for each derivation or path, of its latest run; outputs of one derivation that are asked for at the same time
 * share it. The journal serves the work and never hinders it: where it can't be written, the build goes on.
 */
import type { Work } from '../../store/work.ts'
import { ignoreDeletions, type DeletionListener } from '../../core/deletion.ts'
import { RegistryError, type ErrorFacts } from '../../core/errors/errors.ts'
import { systemReason } from '../../core/errors/system-error.ts'
import { storeHashOf, type StoreHash, type StorePath } from '../../core/nix/store-path.ts'
import { Changes, follow, type FollowEvent } from './follow.ts'
import { LiveWork } from './live-work.ts'
import { LogFiles } from './log-files.ts'
import type { WorkEvent } from './work-event.ts'
import { workId } from './work-failure.ts'
import { WorkLog } from './work-log.ts'
import { WorkRecords, type WorkRecord, type WorkState } from './work-records.ts'

export type JournalOptions = {
  /** The state directory. */
  readonly directory: string
  /** Milliseconds that a failed build is remembered; 0: not at all. */
  readonly failureMs: number
  /** Bytes of all logs together. */
  readonly logBytes: number
  /** Hears what the journal couldn't write, and why. */
  readonly onTrouble: (error: unknown) => void
  /** Hears of logs and records that go for newer ones. Default: nobody does. */
  readonly onDeletion?: DeletionListener
}

const SURPLUS = 'its record and log go: it is older than the builds and fetches that are kept'
/** A cache that was away for a moment shouldn't stop pulls for as long as a build that can't succeed. */
const FETCH_FAILURE_MS = 60_000
/** Troubles come with every line when a disk is full. */
const TROUBLE_INTERVAL_MS = 60_000

export class WorkJournal {
  readonly #options: JournalOptions
  readonly #records: WorkRecords
  readonly #files: LogFiles
  readonly #live = new Map<StoreHash, LiveWork>()
  #isClosed = false
  #troubledAt = -Infinity

  /** @throws RegistryError `unavailable` for a state directory that can't be used. */
  constructor(options: JournalOptions) {
    this.#options = options
    this.#records = new WorkRecords(options.directory)
    try {
      this.#files = new LogFiles(options.directory, options.logBytes, options.onDeletion)
    } catch (cause) {
      this.#records.close()
      const reason = systemReason(cause) ?? (cause instanceof Error ? cause.message : String(cause))
      throw new RegistryError('unavailable', `logs of builds: ${reason}`, { cause })
    }
    for (const record of this.#records.abandoned()) this.#records.put({ ...record, state: 'interrupted' })
    for (const id of this.#files.ids) {
      if (this.#records.get(id) === undefined) this.#write(this.#files.remove(id))
    }
  }

  /** Why this failed, if it did a short while ago and would again. */
  failure(work: Work): RegistryError | undefined {
    const record = this.#attempt(() => this.#records.get(workId(work)))
    if (record?.failure?.kind === undefined || record.kind !== work.kind) return undefined
    const { kind, message, facts } = record.failure
    return this.remembered(record) === undefined ? undefined : new RegistryError(kind, message, facts)
  }

  /** Until when this record's failure is remembered, in milliseconds since the epoch; nothing if it isn't. */
  remembered({ kind, failure, ended }: WorkRecord, now = Date.now()): number | undefined {
    const { failureMs } = this.#options
    if (failure?.isLasting !== true || ended === undefined) return undefined
    const until = ended + (kind === 'build' ? failureMs : Math.min(failureMs, FETCH_FAILURE_MS))
    // A clock that was set back would remember for long.
    return ended <= now && now < until ? until : undefined
  }

  /** Work that is queued now. @param makes the requested path, if it is known. */
  begin(work: Work, makes?: StorePath): void {
    if (this.#isClosed) return
    const id = workId(work)
    const running = this.#live.get(id)
    if (running !== undefined) {
      running.join(work, makes)
      this.#put(running.record)
      return
    }
    const live = new LiveWork(work, makes, (text) => this.#write(this.#files.append(id, text)))
    this.#live.set(id, live)
    this.#write(this.#files.begin(id))
    this.#put(live.record)
  }

  hear(work: Work, event: WorkEvent): void {
    const live = this.#live.get(workId(work))
    if (live === undefined) return
    switch (event.kind) {
      case 'queued':
        return
      case 'started':
        if (live.start()) this.#put(live.record)
        return
      case 'done':
        return this.#end(live, undefined)
      case 'failed':
        return this.#end(live, event.error)
      default:
        live.hear(event)
    }
  }

  /** By its hash, or that of a path that it makes. @throws RegistryError `unavailable`. */
  get(hash: StoreHash): WorkRecord | undefined {
    const live = this.#live.get(hash)
    const record = live?.record ?? this.#records.get(hash)
    return record === undefined ? undefined : this.#withLog(record)
  }

  /** The newest first. @throws RegistryError `unavailable`. */
  list(limit: number, state?: WorkState): readonly WorkRecord[] {
    return this.#records.list(limit, state).map((record) => this.#withLog(record))
  }

  /** Describes the work that goes on for a path or derivation, for a client that is asked to wait. */
  progress(hash: StoreHash): ErrorFacts {
    for (const { record, building } of this.#live.values()) {
      if (record.id !== hash && !record.makes.some((path) => storeHashOf(path) === hash)) continue
      const brief =
        record.state === 'queued' ? 'waiting for its turn' : `working on ${building.at(-1) ?? record.name}`
      return { detail: { building: [...new Set([record.name, ...building])] }, build: record.id, brief }
    }
    return {}
  }

  /** The whole log as text, as far as it is kept; nothing where it isn't any more. */
  async log({ id }: WorkRecord): Promise<string | undefined> {
    return this.#live.get(id)?.log.text ?? this.#files.read(id)
  }

  /** The state, and the log from line number `from` on, until the work is over or `signal` aborts. */
  async *follow(record: WorkRecord, from: number, signal: AbortSignal): AsyncGenerator<FollowEvent> {
    const live = this.#live.get(record.id)
    if (live !== undefined) yield* follow(live, from, signal)
    else {
      const log = WorkLog.restored((await this.#files.read(record.id)) ?? '', record.log)
      yield* follow({ record, log, changes: new Changes() }, from, signal)
    }
  }

  /** Forgets what is over, its failure and its log; what goes on goes on. @returns whether it was known. */
  forget(hash: StoreHash): boolean {
    if (this.#live.has(hash)) return true
    const record = this.#records.get(hash)
    if (record === undefined) return false
    if (this.#live.has(record.id)) return true
    this.#records.remove(record.id)
    this.#write(this.#files.remove(record.id))
    return true
  }

  /** Ends the journal. Work that still goes on ends with the process and is recorded as interrupted. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const live of this.#live.values()) {
      while (this.#live.has(live.record.id))
        this.#end(live, new RegistryError('unavailable', 'the registry was stopped'))
    }
    await this.#files.settled()
    this.#records.close()
  }

  #end(live: LiveWork, error: unknown): void {
    if (!live.end(error)) return
    const { id } = live.record
    this.#live.delete(id)
    this.#write(this.#files.finish(id, live.log.text))
    this.#put(live.record)
    this.#attempt(() => {
      const { onDeletion = ignoreDeletions } = this.#options
      for (const { id: old, path: target } of this.#records.surplus()) {
        this.forget(old)
        onDeletion({ target, reason: SURPLUS, isDone: true })
      }
    })
  }

  #put(record: WorkRecord): void {
    this.#attempt(() => this.#records.put(record))
  }

  #withLog(record: WorkRecord): WorkRecord {
    const live = this.#live.get(record.id)
    return live === undefined ? record : { ...live.record, log: live.log.extent }
  }

  #attempt<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#trouble(error)
      return undefined
    }
  }

  #write(written: Promise<void>): void {
    written.catch((error: unknown) => this.#trouble(error))
  }

  #trouble(error: unknown): void {
    const now = performance.now()
    if (now - this.#troubledAt < TROUBLE_INTERVAL_MS) return
    this.#troubledAt = now
    this.#options.onTrouble(error)
  }
}
