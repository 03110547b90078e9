/** Whether the process is up. Says nothing of Nix: a registry that is restarted for Nix's sake helps nobody. */
import type { FastifyInstance } from 'fastify'

export function registerHealth(app: FastifyInstance): void {
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'))
}
