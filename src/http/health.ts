/**
 * Two questions of an orchestrator: whether the process is up (`/healthz`, which says nothing of Nix: a registry that
 * is restarted for Nix's sake helps nobody), and whether a pull would get anywhere (`/readyz`: Nix answers).
 */
import type { FastifyInstance } from 'fastify'
import { within } from '../registry/work/single-flight.ts'

/** Kubernetes' own limit for a probe is one second. */
const READY_LIMIT_MS = 900

const READY = 'ok\n'
/** Still ready: what is in the store, or can be built and fetched, is served. */
const READY_WITHOUT_STATE =
  'ok, but the state directory cannot be used: nothing is remembered, and compressed archives cannot be served\n'

/** kubelet has no certificate. */
const PROBED = { config: { isForProbes: true } }

/** @param askNix rejects, or doesn't end, where Nix doesn't answer. */
export function registerHealth(
  app: FastifyInstance,
  askNix: () => Promise<unknown>,
  isStateTroubled: () => boolean = () => false,
): void {
  app.get('/healthz', PROBED, async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', PROBED, async (_request, reply) => {
    const answers = await within(askNix(), READY_LIMIT_MS).catch(() => undefined)
    if (answers !== undefined)
      return reply.type('text/plain').send(isStateTroubled() ? READY_WITHOUT_STATE : READY)
    return reply.code(503).type('text/plain').send('Nix does not answer\n')
  })
}
