/** How long a request waits for work that goes on without it, and what it is told then. */
import { RegistryError } from '../../core/errors/errors.ts'
import { referenceBase, type Reference } from '../../core/oci/reference.ts'
import { within } from './single-flight.ts'
import type { WorkJournal } from './work-journal.ts'

/** The wait without a hold: long enough for answers that are there, such as a remembered failure or a valid path. */
const NO_HOLD_MS = 250
/** Seconds after which a client that was put off should ask again: builds of less are over within the hold. */
const RETRY_AFTER_S = 5

export class Hold {
  readonly #ms: number
  readonly #journal: Pick<WorkJournal, 'progress'>
  #waiting = 0

  /** @param ms how long at most; 0 for no longer than an answer takes that is there. */
  constructor(ms: number, journal: Pick<WorkJournal, 'progress'>) {
    this.#ms = ms === 0 ? NO_HOLD_MS : ms
    this.#journal = journal
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Waits for work, at most for the hold.
   * @param forgo for what comes when nobody waits for it any more.
   * @throws RegistryError `pending` when it takes longer than the hold, and what it throws.
   */
  async wait<T>(work: Promise<T>, reference: Reference, forgo?: (late: T) => void): Promise<T> {
    this.#waiting += 1
    const done = await within(work, this.#ms).finally(() => (this.#waiting -= 1))
    if (done !== undefined) return done.value
    work.then(forgo, () => undefined)
    const facts = this.#journal.progress(reference.storeHash)
    throw new RegistryError('pending', 'still being built or fetched: ask again', {
      ...facts,
      detail: { path: referenceBase(reference), ...facts.detail },
      retryAfterSeconds: RETRY_AFTER_S,
    })
  }
}
