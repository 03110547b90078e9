/**
 * Closes connections whose clients stop taking what is sent to them: each holds a piece of a layer, and may hold a
 * compressor. A slow client is none of them: Node counts as progress whatever the kernel takes.
 */
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

/**
 * The kernel takes more once a third of its buffer is free again (`sk_stream_is_writeable`), which is up to 1.3 MB: a
 * client that reads 11 KB/s is never closed.
 */
const STALLED_MS = 120_000

/** @param stalledMs without progress, while something waits to be sent. */
export function registerStalledClients(app: FastifyInstance, stalledMs: number = STALLED_MS): void {
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    // A request that is injected has no connection.
    if (!(socket instanceof Socket)) return done()
    closeWhenStalled(reply.raw, reply.log, stalledMs)
    done()
  })
}

/** As `registerStalledClients`, for one response. */
export function closeWhenStalled(
  raw: ServerResponse,
  log: FastifyBaseLogger,
  stalledMs: number = STALLED_MS,
): void {
  raw.setTimeout(stalledMs, () => {
    // Nothing waits: it is the server's turn, or that of a builder.
    if (raw.writableLength === 0) return void raw.setTimeout(stalledMs)
    log.debug('client takes nothing: closed')
    raw.destroy()
  })
}
