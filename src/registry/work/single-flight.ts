/**
 * One piece of work per thing asked, however many ask. It belongs to nobody: no caller's leaving ends it, and its
 * result is there for whoever comes back. Callers wait as long as they like, not longer than the work.
 *
 * Work may ask for other work. What would in the end wait for itself would wait for ever: it is refused instead, whoever
 * began which of it. Which work a question comes from is known by its asynchronous context, so that it can't be left out
 * on the way.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from 'node:timers/promises'

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

  /** @param refuseCircle what is thrown to work that would wait for itself; given the keys, each waiting for the next. */
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
    // It may end badly with nobody waiting any more; whoever asks next hears of it anew.
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

/** Work that is done once, when it is first asked for; one that failed is done again by whoever asks next. */
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
  const timer = new AbortController()
  try {
    return await Promise.race([
      work.then((value) => ({ value })),
      setTimeout(ms, undefined, { signal: timer.signal }).catch(() => undefined),
    ])
  } finally {
    timer.abort()
  }
}
