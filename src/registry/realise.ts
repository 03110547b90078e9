/**
 * Makes paths valid: fetches or builds, once however many ask, a few at a time, and remembers for a while what failed,
 * so that a Pod that crashes in a loop doesn't build in a loop.
 */
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
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

/** Each is a process of Nix's own, which divides the machine further by `max-jobs` and `cores`. */
const BUILDS_AT_ONCE = 2
/** Fetches wait for the network, not for this machine. */
const FETCHES_AT_ONCE = 8
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
  readonly #builds = pLimit(BUILDS_AT_ONCE)
  readonly #fetches = pLimit(FETCHES_AT_ONCE)
  readonly #failures = new LRUCache<string, RegistryError>({
    max: FAILURES_REMEMBERED,
    ttl: FAILURE_MEMORY_MS,
  })

  constructor(nix: NixStore, listen: WorkListener) {
    this.#nix = nix
    this.#listen = listen
  }

  /**
   * Does what is to be done; resolve the reference again afterwards.
   * @throws RegistryError `build-failed` and `fetch-failed` with the last log lines, `unavailable`.
   */
  async realise(todo: ToDo): Promise<void> {
    const work = todo.kind === 'substitutable' ? todo.path : `${todo.derivation}!${todo.output}`
    const failure = this.#failures.get(work)
    if (failure !== undefined) throw failure
    return this.#flight.run(work, () =>
      (todo.kind === 'substitutable' ? this.#fetches : this.#builds)(() => this.#do(work, todo)),
    )
  }

  async #do(work: string, todo: ToDo): Promise<void> {
    this.#listen(work, { kind: 'started' })
    const log: string[] = []
    const onEvent = (event: NixEvent) => {
      if (event.kind === 'log') log.push(event.line)
      if (log.length > LOG_LINES_KEPT) log.shift()
      this.#listen(work, event)
    }
    try {
      if (todo.kind === 'substitutable') await this.#nix.fetch(todo.path, onEvent)
      else await this.#build(todo.derivation, todo.output, log, onEvent)
      this.#listen(work, { kind: 'done' })
    } catch (error) {
      this.#listen(work, { kind: 'failed' })
      // What may pass by itself, like a daemon that restarts, is tried again at once.
      if (error instanceof RegistryError && error.kind !== 'unavailable') this.#failures.set(work, error)
      throw error
    }
  }

  async #build(
    derivation: StorePath,
    output: string,
    log: readonly string[],
    onEvent: (event: NixEvent) => void,
  ): Promise<void> {
    const outcome = await this.#nix.build(derivation, output, onEvent)
    if (outcome.kind === 'done') return
    throw new RegistryError('build-failed', `nix build failed: ${firstLine(outcome.message)}`, {
      detail: { derivation, output, status: outcome.status, reason: outcome.message, log: [...log] },
    })
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
