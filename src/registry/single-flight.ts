/**
 * One piece of work per thing asked, however many ask. It belongs to nobody: no caller's leaving ends it, and its
 * result is there for whoever comes back. Callers wait as long as they like, not longer than the work.
 */
import { setTimeout } from 'node:timers/promises'

export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>()

  /** The running work for `key`, or `work` begun now. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const started = work().finally(() => this.#running.delete(key))
    // It may end badly with nobody waiting any more; whoever asks next hears of it anew.
    started.catch(() => undefined)
    this.#running.set(key, started)
    return started
  }

  get size(): number {
    return this.#running.size
  }
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
