/**
 * The client on whose behalf something is done. The asynchronous context knows it, so that queues far below HTTP can be
 * fair without a parameter on every way there.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const askers = new AsyncLocalStorage<string>()

/** Runs a function, and all that it begins, on behalf of a client. */
export function askedBy<T>(asker: string, run: () => T): T {
  return askers.run(asker, run)
}

/** The client; empty for what nobody asked for. */
export function currentAsker(): string {
  return askers.getStore() ?? ''
}
