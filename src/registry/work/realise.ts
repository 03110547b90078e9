/**
 * Makes paths valid: fetches or builds, once however many ask, a few at a time. What it does is written in the journal,
 * which also remembers for a while what failed, so that a Pod that crashes in a loop doesn't build in a loop.
 */
import { workName, type Work } from '../../store/work.ts'
import { currentAskerKey } from '../../core/asker.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { FairLimit } from '../../core/fair-limit.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Store, StoreEvent } from '../../store/store.ts'
import type { WorkListener, WorkEvent } from './work-event.ts'
import { traced } from '../../tracing/traced.ts'
import { WorkDeadline } from './work-deadline.ts'
import { SingleFlight } from './single-flight.ts'
import { LastLines, buildFailure, explained, givenUp } from './work-failure.ts'
import type { WorkJournal } from './work-journal.ts'

/** How much work there may be; the settings of the same names say why the defaults are what they are. */
export type WorkLimits = {
  readonly buildsAtOnce: number
  readonly fetchesAtOnce: number
  /** Pieces of work that may wait for their turn. */
  readonly queued: number
  /** Pieces of work of one client that may go on or wait. 0: no limit. */
  readonly ofClient: number
  /** Milliseconds that a build or fetch may take, and may go on without saying anything. 0: no limit. */
  readonly workMs: number
  readonly silentMs: number
  /** Bytes, unpacked, that may be fetched for one image. 0: no limit. */
  readonly fetchBytes: number
}

export class Realiser {
  readonly #store: Store
  readonly #journal: WorkJournal
  readonly #listen: WorkListener
  readonly #flight = new SingleFlight<void>()
  readonly #limits: WorkLimits
  readonly #builds: FairLimit
  readonly #fetches: FairLimit

  constructor(store: Store, limits: WorkLimits, journal: WorkJournal, listen: WorkListener) {
    this.#store = store
    this.#limits = limits
    this.#builds = new FairLimit(limits.buildsAtOnce)
    this.#fetches = new FairLimit(limits.fetchesAtOnce, limits.fetchesAtOnce - 1)
    this.#journal = journal
    this.#listen = listen
  }

  /**
   * Does what is to be done; resolve the reference again afterwards.
   * @param makes the requested path, if it is known before.
   * @throws RegistryError `build-failed`, `no-builder` and `fetch-failed` with the last log lines, `pending` when too
   * much waits already, `unavailable`.
   */
  async realise(work: Work, makes?: StorePath): Promise<void> {
    const name = workName(work)
    const failure = this.#journal.failure(work)
    if (failure !== undefined) throw failure
    return this.#flight.run(name, async () => {
      const turns = work.kind === 'fetch' ? this.#fetches : this.#builds
      const { ofClient, queued } = this.#limits
      const asker = currentAskerKey()
      const own = this.#builds.countOf(asker) + this.#fetches.countOf(asker)
      if (ofClient > 0 && own >= ofClient)
        throw new RegistryError(
          'pending',
          `${own} builds and fetches of this client go on or wait: ask again`,
          {
            detail: { work: name },
            brief: 'this client waits for enough already',
          },
        )
      if (turns.waiting >= queued) {
        throw new RegistryError('pending', 'too much is being built or fetched: ask again', {
          detail: { work: name },
          brief: 'too much is being built or fetched',
        })
      }
      this.#journal.begin(work, makes)
      this.#listen(work, { kind: 'queued' })
      return turns.run(() => traced(`realise ${work.kind}`, { 'pushless.work': name }, () => this.#do(work)))
    })
  }

  async #do(work: Work): Promise<void> {
    this.#tell(work, { kind: 'started' })
    const deadline = new WorkDeadline(this.#limits)
    const lines = new LastLines()
    const onEvent = (event: StoreEvent) => {
      deadline.heard()
      lines.hear(event)
      this.#tell(work, event)
    }
    try {
      await this.#checkSize(work)
      if (work.kind === 'fetch') await this.#store.fetch(work.path, onEvent, deadline.signal)
      else await this.#build(work.derivation, work.output, lines, onEvent, deadline.signal)
      this.#tell(work, { kind: 'done' })
    } catch (cause) {
      const { signal } = deadline
      const error = signal.aborted
        ? givenUp(work, String(signal.reason), lines, cause)
        : explained(work, cause)
      this.#tell(work, { kind: 'failed', error })
      throw error
    } finally {
      deadline.end()
    }
  }

  #tell(work: Work, event: WorkEvent): void {
    this.#journal.hear(work, event)
    this.#listen(work, event)
  }

  /** @throws RegistryError `fetch-failed` when more than is allowed would have to be fetched. */
  async #checkSize(work: Work): Promise<void> {
    const { fetchBytes } = this.#limits
    if (fetchBytes === 0) return
    const { narSize } = await this.#store.missing([work])
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
    lines: LastLines,
    onEvent: (event: StoreEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const outcome = await this.#store.build(derivation, output, onEvent, signal)
    if (outcome.kind === 'failed') throw buildFailure(derivation, output, outcome, lines)
  }
}
