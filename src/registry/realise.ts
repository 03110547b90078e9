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
import type { Resolved } from './resolve.ts'
import { SingleFlight } from './single-flight.ts'

/** What is told to whoever watches, for logs. `work` is what is being made. */
export type WorkListener = (
  work: string,
  event: NixEvent | { readonly kind: 'started' | 'done' | 'failed' },
) => void

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

type ToDo = Exclude<Resolved, { kind: 'valid' }>

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
   * @throws RegistryError `build-failed` and `fetch-failed` with the last log lines, `pending` when too much waits
   * already, `unavailable`.
   */
  async realise(todo: ToDo): Promise<void> {
    const work = todo.kind === 'substitutable' ? todo.path : `${todo.derivation}!${todo.output}`
    const failure = this.#failures.get(work)
    if (failure !== undefined) throw failure
    return this.#flight.run(work, async () => {
      const turns = todo.kind === 'substitutable' ? this.#fetches : this.#builds
      if (turns.pendingCount >= this.#limits.queued) {
        throw new RegistryError('pending', 'too much is being built or fetched: ask again', {
          detail: { work },
        })
      }
      return turns(() => this.#do(work, todo))
    })
  }

  async #do(work: string, todo: ToDo): Promise<void> {
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
      await this.#checkSize(todo)
      if (todo.kind === 'substitutable') await this.#nix.fetch(todo.path, onEvent, patience.signal)
      else await this.#build(todo.derivation, todo.output, log, onEvent, patience.signal)
      this.#listen(work, { kind: 'done' })
    } catch (cause) {
      const error = patience.signal.aborted ? lost(patience.signal, todo, log, cause) : cause
      this.#listen(work, { kind: 'failed' })
      // What may pass by itself, like a daemon that restarts, is tried again at once.
      if (error instanceof RegistryError && error.kind !== 'unavailable') this.#failures.set(work, error)
      throw error
    } finally {
      patience.end()
    }
  }

  /** @throws RegistryError `fetch-failed` when more than is allowed would have to be fetched. */
  async #checkSize(todo: ToDo): Promise<void> {
    const { fetchBytes } = this.#limits
    if (fetchBytes === 0) return
    const { narSize } = await this.#nix.missing([todo.kind === 'substitutable' ? { path: todo.path } : todo])
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
    throw new RegistryError('build-failed', `nix build failed: ${firstLine(outcome.message)}`, {
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
function lost(signal: AbortSignal, todo: ToDo, log: readonly string[], cause: unknown): RegistryError {
  const reason = String(signal.reason)
  if (todo.kind === 'substitutable') {
    return new RegistryError('fetch-failed', `nix fetch ${reason}`, {
      cause,
      detail: { path: todo.path, reason },
    })
  }
  const { derivation, output } = todo
  return new RegistryError('build-failed', `nix build ${reason}`, {
    cause,
    detail: { derivation, output, status: 'TimedOut', reason, log: [...log] },
  })
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
