/** A connection to a server of a test, for bytes that no HTTP client sends. */
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'

/** It is open, ends with the test, and may be cut by either side. */
export async function openConnection(t: Test, { server }: FastifyInstance): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}
