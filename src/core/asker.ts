/**
 * The client on whose behalf something is done. The asynchronous context knows it, so that queues far below HTTP can be
 * fair, and the audit log can name the request, without a parameter on every way there.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

export type Asker = {
  /** Limits and queues count the client by it. */
  readonly key: string
  /** The name of the subject, such as `token:ci`. */
  readonly subject: string
  readonly address: string
  readonly requestId: string
}

const askers = new AsyncLocalStorage<Asker>()

/** Runs a function, and all that it begins, on behalf of a client. */
export function askedBy<T>(asker: Asker, run: () => T): T {
  return askers.run(asker, run)
}

/**
 * Returns the client; `undefined` for what nobody asked for. Work that several requests share belongs to the one that
 * began it.
 */
export function currentAsker(): Asker | undefined {
  return askers.getStore()
}

/** Returns the key of the client; empty for what nobody asked for. */
export function currentAskerKey(): string {
  return askers.getStore()?.key ?? ''
}
