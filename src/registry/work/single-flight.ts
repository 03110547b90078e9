/**
 * Does one piece of work for all callers that request the same. It goes on when a caller leaves, and a caller that
 * comes back finds its result. A caller waits as long as it likes, at most until the work ends.
 *
 * Work may request other work. Work that would wait for itself, by way of others, would wait for ever: it is refused.
 * The asynchronous context tells which work a request comes from, so no caller can leave it out.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

type Flight<T> = {
  readonly key: string
  readonly result: Promise<T>
  /** The flights that it waits for now. */
  readonly waitsFor: Set<Flight<T>>
}

export class SingleFlight<T> {
  readonly #running = new Map<string, Flight<T>>()
  /** The work that asks. */
  readonly #asking = new AsyncLocalStorage<Flight<T>>()
  readonly #refuseCircle: (keys: readonly string[]) => Error

  /**
   * @param refuseCircle what is thrown to work that would wait for itself; given the keys, each waiting for the next.
   */
  constructor(refuseCircle = (keys: readonly string[]) => new Error(`waits for itself: ${keys.join(', ')}`)) {
    this.#refuseCircle = refuseCircle
  }

  /** The running work for `key`, or `work` begun now. @throws what `refuseCircle` gives, at once. */
  async run(key: string, work: () => Promise<T>): Promise<T> {
    const flight = this.#running.get(key) ?? this.#begin(key, work)
    const asking = this.#asking.getStore()
    if (asking === undefined) return flight.result
    const circle = waitCycle(flight, asking)
    if (circle !== undefined) throw this.#refuseCircle(circle)
    asking.waitsFor.add(flight)
    try {
      return await flight.result
    } finally {
      asking.waitsFor.delete(flight)
    }
  }

  #begin(key: string, work: () => Promise<T>): Flight<T> {
    const { promise, resolve } = Promise.withResolvers<T>()
    const result = promise.finally(() => this.#running.delete(key))
    // It may fail when nobody waits any more; the next caller starts it again.
    result.catch(() => undefined)
    const flight = { key, result, waitsFor: new Set<Flight<T>>() }
    // Before the work begins, which may ask for itself.
    this.#running.set(key, flight)
    resolve(this.#asking.run(flight, async () => work()))
    return flight
  }

  get size(): number {
    return this.#running.size
  }
}

/** The keys from one to the other, both included, by what each waits for; nothing where there is no way. */
function waitCycle<T>(
  from: Flight<T>,
  to: Flight<T>,
  seen = new Set<Flight<T>>(),
): readonly string[] | undefined {
  if (from === to) return [from.key]
  if (seen.has(from)) return undefined
  seen.add(from)
  for (const next of from.waitsFor) {
    const rest = waitCycle(next, to, seen)
    if (rest !== undefined) return [from.key, ...rest]
  }
  return undefined
}

/** Work that is done once, at the first request. Failed work is done again at the next request. */
export function remembering<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined
      throw error
    })
    return done
  }
}

/** Waits for `work` at most `ms` milliseconds. @returns nothing when it still goes on. */
export async function within<T>(work: Promise<T>, ms: number): Promise<{ readonly value: T } | undefined> {
  // A promise of `node:timers/promises` ends with an error when it isn't needed any more, which takes 0.5 ms to make.
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), ms)
  try {
    return await Promise.race([work.then((value) => ({ value })), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
