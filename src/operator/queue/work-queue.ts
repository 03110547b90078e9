/**
 * Works through keys: each key by one worker at a time, and again where it was added meanwhile. Keys of one lane, such as
 * a target cluster, have a limit of their own, so that a target which is down delays no other. What fails is tried again
 * in growing pauses with jitter.
 */

export type Outcome =
  /** To be done again after so many milliseconds; never by itself where there are none. */
  | { readonly kind: 'done'; readonly againMs: number | undefined }
  | { readonly kind: 'failed'; readonly maxPauseMs: number }

export type QueueOptions = {
  /** @param reasons that the key was added with. A rejection is a defect, and counts as failed. */
  readonly work: (key: string, reasons: ReadonlySet<string>, signal: AbortSignal) => Promise<Outcome>
  readonly laneOf: (key: string) => string
  /** Keys of one lane at once. */
  readonly perLane: number
  readonly onDefect: (key: string, error: unknown) => void
  readonly onStart?: (key: string, waitedMs: number) => void
  readonly firstPauseMs?: number
  /** From 0 to 1. Default: Math.random. */
  readonly random?: () => number
}

type Entry = {
  reasons: Set<string>
  /** When the key became ready to run. */
  readySince: number | undefined
  running: AbortController | undefined
  failures: number
  timer: NodeJS.Timeout | undefined
}

/** The reason of keys whose time has come. */
export const DUE = 'due'
const FIRST_PAUSE_MS = 1000
const DEFECT_PAUSE_MS = 60_000

export class WorkQueue {
  readonly #options: QueueOptions
  readonly #entries = new Map<string, Entry>()
  readonly #lanes = new Map<string, number>()
  #isOpen = false
  #idle = Promise.withResolvers<void>()

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#entries.values().reduce((sum, { readySince }) => sum + (readySince === undefined ? 0 : 1), 0)
  }

  get running(): number {
    return this.#entries.values().reduce((sum, { running }) => sum + (running === undefined ? 0 : 1), 0)
  }

  /** Adds a key, to be worked on as soon as its lane has room. Failures before don't delay it. */
  add(key: string, reason: string): void {
    const entry = this.#entry(key)
    entry.reasons.add(reason)
    clearTimeout(entry.timer)
    entry.readySince ??= performance.now()
    this.#start()
  }

  /** Ends the work on a key that goes on, such as one that waits for objects of an older spec. */
  interrupt(key: string, reason: Error): void {
    this.#entries.get(key)?.running?.abort(reason)
  }

  forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    if (entry.running === undefined) this.#entries.delete(key)
    else {
      entry.readySince = undefined
      entry.failures = 0
    }
  }

  /** Works until the signal ends it. Work that goes on is aborted, and waited for. */
  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.#isOpen = true
    this.#idle = Promise.withResolvers()
    const stop = (): void => {
      this.#isOpen = false
      for (const { timer, running } of this.#entries.values()) {
        clearTimeout(timer)
        running?.abort(signal.reason)
      }
      if (this.running === 0) this.#idle.resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
    this.#start()
    await this.#idle.promise
    this.#entries.clear()
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry: Entry = {
      reasons: new Set(),
      readySince: undefined,
      running: undefined,
      failures: 0,
      timer: undefined,
    }
    this.#entries.set(key, entry)
    return entry
  }

  /** Starts all keys that have room. */
  #start(): void {
    if (!this.#isOpen) return
    for (const [key, entry] of this.#entries) {
      if (entry.readySince === undefined || entry.running !== undefined) continue
      const lane = this.#options.laneOf(key)
      if ((this.#lanes.get(lane) ?? 0) >= this.#options.perLane) continue
      void this.#work(key, entry, lane)
    }
  }

  async #work(key: string, entry: Entry, lane: string): Promise<void> {
    const { reasons, readySince = performance.now() } = entry
    const abort = new AbortController()
    entry.running = abort
    entry.reasons = new Set()
    entry.readySince = undefined
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? 0) + 1)
    this.#options.onStart?.(key, performance.now() - readySince)
    let outcome: Outcome
    try {
      outcome = await this.#options.work(key, reasons, abort.signal)
    } catch (error) {
      this.#options.onDefect(key, error)
      outcome = { kind: 'failed', maxPauseMs: DEFECT_PAUSE_MS }
    }
    entry.running = undefined
    const left = (this.#lanes.get(lane) ?? 1) - 1
    if (left === 0) this.#lanes.delete(lane)
    else this.#lanes.set(lane, left)
    if (this.#isOpen) {
      this.#plan(key, entry, outcome)
      this.#start()
    } else if (this.running === 0) this.#idle.resolve()
  }

  #plan(key: string, entry: Entry, outcome: Outcome): void {
    const random = (this.#options.random ?? Math.random)()
    if (outcome.kind === 'done') {
      entry.failures = 0
      if (outcome.againMs === undefined && entry.readySince === undefined) this.#entries.delete(key)
      else if (outcome.againMs !== undefined) this.#after(key, entry, outcome.againMs * (0.9 + 0.2 * random))
      return
    }
    const first = this.#options.firstPauseMs ?? FIRST_PAUSE_MS
    const pause = Math.min(outcome.maxPauseMs, first * 2 ** Math.min(entry.failures, 20))
    entry.failures += 1
    this.#after(key, entry, pause * (0.5 + random / 2))
  }

  #after(key: string, entry: Entry, pauseMs: number): void {
    if (entry.readySince !== undefined) return
    entry.timer = setTimeout(() => this.add(key, DUE), pauseMs)
  }
}
