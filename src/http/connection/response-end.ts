/** Calls functions once a response is over, sent or cut. A response has one listener, however many wait for it. */
import type { ServerResponse } from 'node:http'

const waiting = new WeakMap<ServerResponse, (() => void)[]>()

/** @param done runs when the connection has the response, or can't get it any more. In the order of the calls. */
export function atEnd(raw: ServerResponse, done: () => void): void {
  // Its client left while the request waited for its turn, and no event follows.
  if (raw.closed) {
    queueMicrotask(done)
    return
  }
  const known = waiting.get(raw)
  if (known !== undefined) {
    known.push(done)
    return
  }
  const all = [done]
  waiting.set(raw, all)
  // Not fastify's `onResponse`, which a response that is cut never comes to.
  raw.once('close', () => {
    for (const one of all) one()
  })
}
