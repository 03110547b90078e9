/**
 * Makes paths valid: fetches or builds, once however many ask, a few at a time, and remembers for a while what failed,
 * so that a Pod that crashes in a loop doesn't build in a loop.
 */
import { LRUCache } from 'lru-cache'
import pLimit, { type LimitFunction } from 'p-limit'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import type { NixEvent } from '../nix/messages.ts'
import type { NixStore } from '../nix/nix-store.ts'
import { workName, type Work } from './resolve.ts'
import { SingleFlight } from './single-flight.ts'

/** What is told to whoever watches, for logs and figures. */
type WorkEvent =
  | NixEvent
  | { readonly kind: 'queued' }
  | { readonly kind: 'started' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }
export type WorkListener = (work: Work, event: WorkEvent) => void

/** How much work there may be; the settings of the same names say why the defaults are what they are. */
export type WorkLimits = {
  readonly buildsAtOnce: number
  readonly fetchesAtOnce: number
  /** Pieces of work that may wait for their turn. */
  readonly queued: number
  /** Milliseconds that a build or fetch may take, and may go on without saying anything. 0: no limit. */
  readonly workMs: number
  readonly silentMs: number
  /** Bytes, unpacked, that may be fetched for one image. 0: no limit. */
  readonly fetchBytes: number
}

/** Kubernetes tries again after 10, 20, 40, 80 … seconds: two or three tries meet the same answer. */
const FAILURE_MEMORY_MS = 60_000
const FAILURES_REMEMBERED = 1_000
/** Enough to see what went wrong, little enough for an error body. */
const LOG_LINES_KEPT = 20
/**
 * Nix has no status for it. Of a dependency it says so only in the log. Nix 2.3 to 2.28 and Lix, then 2.29 on:
 * `DerivationBuilder::startBuilder`, "a 'aarch64-linux' with features {} is required to build …, but I am a …".
 */
const NO_BUILDER = /\bis required to build '|[Rr]equired system or feature not available/

export class Realiser {
  readonly #nix: NixStore
  readonly #listen: WorkListener
  readonly #flight = new SingleFlight<void>()
  readonly #limits: WorkLimits
  readonly #builds: LimitFunction
  readonly #fetches: LimitFunction
  readonly #failures = new LRUCache<string, RegistryError>({
    max: FAILURES_REMEMBERED,
    ttl: FAILURE_MEMORY_MS,
  })

  constructor(nix: NixStore, limits: WorkLimits, listen: WorkListener) {
    this.#nix = nix
    this.#limits = limits
    this.#builds = pLimit(limits.buildsAtOnce)
    this.#fetches = pLimit(limits.fetchesAtOnce)
    this.#listen = listen
  }

  /**
   * Does what is to be done; resolve the reference again afterwards.
   * @throws RegistryError `build-failed`, `no-builder` and `fetch-failed` with the last log lines, `pending` when too much waits
   * already, `unavailable`.
   */
  async realise(work: Work): Promise<void> {
    const name = workName(work)
    const failure = this.#failures.get(name)
    if (failure !== undefined) throw failure
    return this.#flight.run(name, async () => {
      const turns = work.kind === 'fetch' ? this.#fetches : this.#builds
      if (turns.pendingCount >= this.#limits.queued) {
        throw new RegistryError('pending', 'too much is being built or fetched: ask again', {
          detail: { work: name },
        })
      }
      this.#listen(work, { kind: 'queued' })
      return turns(() => this.#do(work))
    })
  }

  async #do(work: Work): Promise<void> {
    this.#listen(work, { kind: 'started' })
    const patience = new Patience(this.#limits)
    const log: string[] = []
    const onEvent = (event: NixEvent) => {
      patience.heard()
      if (event.kind === 'log') log.push(event.line)
      if (log.length > LOG_LINES_KEPT) log.shift()
      this.#listen(work, event)
    }
    try {
      await this.#checkSize(work)
      if (work.kind === 'fetch') await this.#nix.fetch(work.path, onEvent, patience.signal)
      else await this.#build(work.derivation, work.output, log, onEvent, patience.signal)
      this.#listen(work, { kind: 'done' })
    } catch (cause) {
      const error = patience.signal.aborted ? lost(patience.signal, work, log, cause) : cause
      this.#listen(work, { kind: 'failed', error })
      // What may pass by itself, like a daemon that restarts, is tried again at once.
      if (error instanceof RegistryError && error.kind !== 'unavailable')
        this.#failures.set(workName(work), error)
      throw error
    } finally {
      patience.end()
    }
  }

  /** @throws RegistryError `fetch-failed` when more than is allowed would have to be fetched. */
  async #checkSize(work: Work): Promise<void> {
    const { fetchBytes } = this.#limits
    if (fetchBytes === 0) return
    const { narSize } = await this.#nix.missing([work])
    if (narSize <= fetchBytes) return
    throw new RegistryError(
      'fetch-failed',
      `${narSize} bytes would have to be fetched: at most ${fetchBytes} may be`,
      {
        detail: { bytes: narSize, limit: fetchBytes },
      },
    )
  }

  async #build(
    derivation: StorePath,
    output: string,
    log: readonly string[],
    onEvent: (event: NixEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await this.#nix.build(derivation, output, onEvent, signal)
    if (outcome.kind === 'done') return
    const isLacking = [outcome.message, ...log].some((line) => NO_BUILDER.test(line))
    const kind = isLacking ? 'no-builder' : 'build-failed'
    throw new RegistryError(kind, `nix build failed: ${firstLine(outcome.message)}`, {
      detail: { derivation, output, status: outcome.status, reason: outcome.message, log: [...log] },
    })
  }
}

/** Aborts work that takes too long, or says nothing for too long. */
class Patience {
  readonly #abort = new AbortController()
  readonly #whole: NodeJS.Timeout | undefined
  readonly #silent: NodeJS.Timeout | undefined

  constructor({ workMs, silentMs }: WorkLimits) {
    const after = (ms: number, why: string) =>
      ms === 0 ? undefined : setTimeout(() => this.#abort.abort(`${why} ${ms / 1000} s`), ms)
    this.#whole = after(workMs, 'took longer than')
    this.#silent = after(silentMs, 'said nothing for')
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  heard(): void {
    this.#silent?.refresh()
  }

  end(): void {
    clearTimeout(this.#whole)
    clearTimeout(this.#silent)
  }
}

/** What work that we gave up failed with: the connection was closed by us, which ends the builders, too. */
function lost(signal: AbortSignal, work: Work, log: readonly string[], cause: unknown): RegistryError {
  const reason = String(signal.reason)
  if (work.kind === 'fetch') {
    return new RegistryError('fetch-failed', `nix fetch ${reason}`, {
      cause,
      detail: { path: work.path, reason },
    })
  }
  const { derivation, output } = work
  return new RegistryError('build-failed', `nix build ${reason}`, {
    cause,
    detail: { derivation, output, status: 'TimedOut', reason, log: [...log] },
  })
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
