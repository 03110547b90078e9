/**
 * One task at a time, the smallest of those that wait first: a large one delays others by no more than its own time.
 */
import { RegistryError } from '../../core/errors/errors.ts'

type Waiting = { readonly size: number; readonly start: () => void; readonly refuse: () => void }

export class ReadingLane {
  readonly #maxWaiting: number
  /** Smallest first. */
  readonly #waiting: Waiting[] = []
  #isBusy = false

  /** @param maxWaiting how many may wait; beyond it the largest is refused. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** @throws RegistryError `busy` if too many wait; what `task` throws. */
  async run<T>(size: number, task: () => Promise<T>): Promise<T> {
    await this.#turn(size)
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#isBusy = false
      else next.start()
    }
  }

  async #turn(size: number): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const refuse = () =>
      reject(new RegistryError('busy', 'too many manifests wait to be read: send them again'))
    const larger = this.#waiting.findIndex((other) => other.size > size)
    this.#waiting.splice(larger === -1 ? this.#waiting.length : larger, 0, { size, start: resolve, refuse })
    if (this.#waiting.length > this.#maxWaiting) this.#waiting.pop()?.refuse()
    await promise
  }
}
