/** A piece of work while it goes on: its record as it changes, its log, and its followers. */
import type { Work } from '../../store/work.ts'
import { publicAddress } from '../../core/public-address.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { STORE_DIR, type StorePath } from '../../core/nix/store-path.ts'
import type { StoreEvent } from '../../store/store.ts'
import { Changes } from './follow.ts'
import { displayName, isLasting, workId } from './work-failure.ts'
import { WorkLog } from './work-log.ts'
import type { WorkFailure, WorkRecord, WorkState } from './work-records.ts'

/** The time of a log's head that a crash may lose. */
const FLUSH_MS = 250
/** The last derivations begun that are named to who waits. */
const BUILDING_KEPT = 2

export class LiveWork {
  readonly log = new WorkLog()
  readonly changes = new Changes()
  readonly #writeHead: (text: string) => void
  #record: WorkRecord
  /** Outputs of one derivation that are being made, each a piece of work. */
  #runs = 1
  /** The error of the first write that failed, if one did. */
  #error: unknown
  #building: readonly string[] = []
  #unwritten: string[] = []
  #flushing: NodeJS.Timeout | undefined

  /** @param writeHead takes lines of the log that won't change, now and then. */
  constructor(work: Work, makes: StorePath | undefined, writeHead: (text: string) => void) {
    this.#writeHead = writeHead
    const path = work.kind === 'build' ? work.derivation : work.path
    this.#record = {
      id: workId(work),
      kind: work.kind,
      name: displayName(path),
      path,
      outputs: work.kind === 'build' ? [work.output] : [],
      makes: makes === undefined || makes === path ? [] : [makes],
      state: 'queued',
      queued: Date.now(),
      started: undefined,
      ended: undefined,
      failure: undefined,
      log: undefined,
    }
  }

  get record(): WorkRecord {
    return this.#record
  }

  /** Names of the derivations that Nix began last. */
  get building(): readonly string[] {
    return this.#building
  }

  /** Another output of the same derivation was requested meanwhile. */
  join(work: Work, makes: StorePath | undefined): void {
    this.#runs += 1
    const { record } = this
    this.#change({
      outputs: [...new Set([...record.outputs, ...(work.kind === 'build' ? [work.output] : [])])],
      makes: [...new Set([...record.makes, ...(makes === undefined ? [] : [makes])])],
    })
  }

  /** @returns whether that is news. */
  start(): boolean {
    if (this.#record.state !== 'queued') return false
    this.#change({ state: 'running', started: Date.now() })
    return true
  }

  hear(event: StoreEvent): void {
    if (event.kind === 'building') {
      const name = nameOf(event.derivation)
      this.#building = [...this.#building.filter((other) => other !== name), name].slice(-BUILDING_KEPT)
    }
    const head = this.log.append(logLine(this.#record.path, event))
    this.changes.tell()
    if (head === undefined) return
    this.#unwritten.push(head)
    this.#flushing ??= setTimeout(() => {
      this.#flushing = undefined
      this.#writeHead(`${this.#unwritten.splice(0).join('\n')}\n`)
    }, FLUSH_MS)
  }

  /** One output is made, or isn't. @returns whether all are over. */
  end(error: unknown): boolean {
    this.#error ??= error
    this.#runs -= 1
    if (this.#runs > 0) return false
    clearTimeout(this.#flushing)
    this.#change({ ...outcomeOf(this.#error), ended: Date.now(), log: this.log.extent })
    return true
  }

  #change(changes: Partial<WorkRecord>): void {
    this.#record = { ...this.#record, ...changes }
    this.changes.tell()
  }
}

/** Cut off by something else than itself (Nix went away, the registry was stopped), it hasn't failed. */
function outcomeOf(error: unknown): { readonly state: WorkState; readonly failure: WorkFailure | undefined } {
  if (error === undefined) return { state: 'done', failure: undefined }
  if (!(error instanceof RegistryError)) {
    const failure = { kind: undefined, message: 'internal error', facts: {}, isLasting: false }
    return { state: 'failed', failure }
  }
  const { kind, message, facts } = error
  const failure = { kind, message, facts, isLasting: isLasting(error) }
  return { state: kind === 'unavailable' ? 'interrupted' : 'failed', failure }
}

/** As `nix build --print-build-logs` has it: what another derivation prints bears its name. */
function logLine(own: StorePath, event: StoreEvent): string {
  switch (event.kind) {
    case 'building':
      return `building ${event.derivation}${event.machine === undefined ? '' : ` on ${publicAddress(event.machine)}`}`
    case 'substituting':
      return `fetching ${event.path}${event.cache === undefined ? '' : ` from ${publicAddress(event.cache)}`}`
    case 'log': {
      const { line, derivation } = event
      return derivation === undefined || derivation === own ? line : `${nameOf(derivation)}> ${line}`
    }
  }
}

/** Returns the name of a derivation that Nix reported. It is parsed once, not for each line. */
function nameOf(derivation: string): string {
  return derivation.slice(STORE_DIR.length + 34, -'.drv'.length)
}
