/**
 * Two questions of an orchestrator: whether the process is up (`/healthz`, which says nothing of Nix: a registry that
 * is restarted for Nix's sake helps nobody), and whether a pull would get anywhere (`/readyz`: Nix answers).
 */
import type { FastifyInstance } from 'fastify'
import { within } from '../registry/single-flight.ts'

/** Kubernetes' own limit for a probe is one second. */
const READY_LIMIT_MS = 900

/** @param askNix rejects, or doesn't end, where Nix doesn't answer. */
export function registerHealth(app: FastifyInstance, askNix: () => Promise<unknown>): void {
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', async (_request, reply) => {
    const answers = await within(askNix(), READY_LIMIT_MS).catch(() => undefined)
    if (answers !== undefined) return reply.type('text/plain').send('ok\n')
    return reply.code(503).type('text/plain').send('Nix does not answer\n')
  })
}
