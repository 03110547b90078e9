import { once } from 'node:events'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import {
  connectionLimit,
  descriptorLimit,
  registerConnections,
} from '../../../src/http/connection/connections.ts'
import { registerErrors } from '../../../src/http/errors.ts'
import { openConnection } from '../open-connection.ts'

const LIMIT = 4

async function listening(t: Test) {
  const app = Fastify({ forceCloseConnections: 'idle' })
  registerErrors(app)
  registerConnections(app, LIMIT, { most: 0, isExempt: () => false })
  app.get('/', async () => 'hello')
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  let holding = 0
  app.get('/held', async () => {
    holding += 1
    return held.then(() => 'held')
  })
  app.get('/release', async () => release())
  t.teardown(() => app.close())
  t.teardown(release)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const open = async () => openConnection(t, app)
  /** Until so many requests are held, and there are so many connections. */
  const settled = async (requests: number, connections: number) => {
    for (let i = 0; i < 500; i++) {
      const count = await promisify(app.server.getConnections.bind(app.server))()
      if (holding === requests && count === connections) return
      await setTimeout(10)
    }
    throw new Error(`${holding} requests are held`)
  }
  return { app, open, settled }
}

async function ask(socket: Socket, path = '/'): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

const many = async (open: () => Promise<Socket>, count: number): Promise<Socket[]> => {
  const sockets: Socket[] = []
  for (let i = 0; i < count; i++) sockets.push(await open())
  return sockets
}

void t.test('at the limit, the longest idle connection goes and the new one is served', async (t) => {
  const { open } = await listening(t)
  const [used, first, second, third] = (await many(open, LIMIT)) as [Socket, Socket, Socket, Socket]
  t.match(await ask(used), /^HTTP\/1.1 200/, 'and is idle since a shorter time')
  const gone = once(first, 'close')
  const next = await open()
  await gone
  t.match(await ask(next), /^HTTP\/1.1 200/)
  for (const socket of [second, third, used]) t.match(await ask(socket), /^HTTP\/1.1 200/)
})

void t.test('where all are in use, a new one is told so, and none in use is closed', async (t) => {
  const { open, settled } = await listening(t)
  const busy = await many(open, LIMIT)
  for (const socket of busy) socket.write('GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await settled(LIMIT, LIMIT)
  const refused = await open()
  refused.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.match(await text(refused), /^HTTP\/1.1 503 too many connections\r\n[^]*retry-after: 5\r\n/)
  busy[0]?.destroy()
  await settled(LIMIT, LIMIT - 1)
  const artifact = await open()
  t.match(await ask(artifact), /^HTTP\/1.1 200/, 'once there is room')
  t.match(await ask(artifact, '/release'), /^HTTP\/1.1 200/)
  for (const socket of busy.slice(1)) {
    const [answer] = (await once(socket, 'data')) as [Buffer]
    t.match(answer.toString(), /held$/)
  }
})

void t.test('a server that stops doesn’t wait for connections that were never used', async (t) => {
  const { app, open } = await listening(t)
  const sockets = await many(open, 2)
  const ends = Promise.all(sockets.map(async (socket) => once(socket, 'close')))
  const begun = performance.now()
  await app.close()
  await ends
  t.ok(performance.now() - begun < 20_000)
})

void t.test('the limit leaves descriptors for Nix and files', async (t) => {
  for (const [descriptors, expected] of [
    [undefined, 4096],
    [1_048_576, 4096],
    [1024, 896],
    [300, 172],
    [128, 32],
    [64, 16],
  ] as const)
    t.equal(connectionLimit(descriptors), expected, String(descriptors))
  const limit = descriptorLimit()
  const { userLimits } = process.report.getReport() as {
    readonly userLimits: { readonly open_files: { readonly soft: number | 'unlimited' } }
  }
  t.equal(limit ?? 'unlimited', userLimits.open_files.soft)
  t.ok(limit === undefined || (Number.isInteger(limit) && limit > 0), String(limit))
})
