/**
 * Runs a number of tasks at once. Those that wait take turns by client, so that one with six hundred tasks delays another
 * by one of them at most.
 */
import { currentAskerKey } from './asker.ts'

type Queue = { running: number; readonly waiting: (() => void)[] }

export class FairLimit {
  readonly #atOnce: number
  readonly #perAsker: number
  #running = 0
  #waiting = 0
  /** The client whose turn is next comes first. Without those that have nothing here. */
  readonly #queues = new Map<string, Queue>()

  /**
   * @param atOnce tasks of all clients. @param perAsker tasks of one: fewer than all, and another client needn't wait
   * for any of them.
   */
  constructor(atOnce: number, perAsker: number = atOnce) {
    this.#atOnce = atOnce
    this.#perAsker = Math.max(1, perAsker)
  }

  /** How many tasks wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** How many tasks of a client run or wait. */
  countOf(asker: string): number {
    const queue = this.#queues.get(asker)
    return queue === undefined ? 0 : queue.running + queue.waiting.length
  }

  /** Runs a task when it is its turn. @throws what the task throws. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const asker = currentAskerKey()
    await this.#turn(asker)
    try {
      return await task()
    } finally {
      this.#end(asker)
    }
  }

  async #turn(asker: string): Promise<void> {
    const queue = this.#queues.get(asker) ?? { running: 0, waiting: [] }
    this.#queues.set(asker, queue)
    if (this.#running < this.#atOnce && this.#mayRun(asker, queue)) {
      this.#begin(asker, queue)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    queue.waiting.push(resolve)
    this.#waiting += 1
    await promise
  }

  /** Decides whether a client may have another task. Tasks that no client asked for always may. */
  #mayRun(asker: string, { running }: Queue): boolean {
    return asker === '' || running < this.#perAsker
  }

  /** The client is the last in turn from now on. */
  #begin(asker: string, queue: Queue): void {
    this.#running += 1
    queue.running += 1
    this.#queues.delete(asker)
    this.#queues.set(asker, queue)
  }

  #end(asker: string): void {
    this.#running -= 1
    const own = this.#queues.get(asker)
    if (own !== undefined) {
      own.running -= 1
      if (own.running === 0 && own.waiting.length === 0) this.#queues.delete(asker)
    }
    while (this.#running < this.#atOnce) {
      const next = this.#queues
        .entries()
        .find(([name, queue]) => queue.waiting.length > 0 && this.#mayRun(name, queue))
      if (next === undefined) return
      const [name, queue] = next
      const start = queue.waiting.shift()
      this.#waiting -= 1
      this.#begin(name, queue)
      start?.()
    }
  }
}
