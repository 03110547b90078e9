/**
 * Closes connections whose request bodies never end. A route that reads no body has answered long before, and the
 * server would read and drop the rest for as long as the client likes.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route reads bodies of any length, and has a deadline of its own. */
    readonly hasLongBodies?: boolean
  }
}

/** As long as the slowest body that is read takes (request-bodies.ts), and a while to be told why it wasn't. */
const DEADLINE_MS = 65_000

export function registerBodyDeadline(app: FastifyInstance, deadlineMs: number = DEADLINE_MS): void {
  const unfinished = new Set<IncomingMessage>()
  // A server that stops waits for its requests, and these may never end.
  app.addHook('preClose', async () => {
    for (const raw of unfinished) if (!raw.complete) raw.destroy()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const { raw, headers } = request
    const hasBody = (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
    if (!hasBody || request.routeOptions.config.hasLongBodies === true) return done()
    const timer = setTimeout(() => raw.complete || raw.destroy(), deadlineMs)
    timer.unref()
    unfinished.add(raw)
    raw.once('close', () => {
      unfinished.delete(raw)
      clearTimeout(timer)
    })
    done()
  })
}
