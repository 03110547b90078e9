/**
 * Connections on which nothing was asked yet, as browsers and pools of clients open them ahead of need. Node doesn't
 * count them as idle, so each would hold up a server that stops until its grace is over.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

export function registerFreshConnections(app: FastifyInstance): void {
  const fresh = new Set<Socket>()
  app.server.on('connection', (socket) => {
    fresh.add(socket)
    socket.once('close', () => fresh.delete(socket))
  })
  app.addHook('onRequest', async ({ raw }) => void fresh.delete(raw.socket))
  app.addHook('preClose', async () => {
    for (const socket of fresh) socket.destroy()
  })
}
