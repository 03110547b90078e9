/** Work that is done once for all who wait for it, and is given up when nobody waits any more. */
import { once } from 'node:events'

type Running<Result> = {
  readonly promise: Promise<Result>
  readonly controller: AbortController
  waiting: number
}

export class SharedWork<Key, Result> {
  readonly #running = new Map<Key, Running<Result>>()

  /**
   * @param signal of this caller alone. The work goes on for the others.
   * @throws the reason of the signal, and what the work throws.
   */
  async run(key: Key, signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    const running = this.#running.get(key) ?? this.#start(key, work)
    running.waiting += 1
    const done = new AbortController()
    const aborted = once(signal, 'abort', { signal: done.signal }).then(() => {
      throw signal.reason
    })
    try {
      return await Promise.race([running.promise, aborted])
    } finally {
      aborted.catch(() => undefined)
      done.abort()
      running.waiting -= 1
      if (running.waiting === 0) {
        this.#forget(key, running)
        running.controller.abort()
      }
    }
  }

  #start(key: Key, work: (signal: AbortSignal) => Promise<Result>): Running<Result> {
    const controller = new AbortController()
    const running = { promise: work(controller.signal), controller, waiting: 0 }
    this.#running.set(key, running)
    running.promise.then(
      () => this.#forget(key, running),
      () => this.#forget(key, running),
    )
    return running
  }

  #forget(key: Key, running: Running<Result>): void {
    if (this.#running.get(key) === running) this.#running.delete(key)
  }
}
