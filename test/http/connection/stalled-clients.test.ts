import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { sendStream } from '../../../src/http/pull/send-stream.ts'
import { registerStalledClients } from '../../../src/http/connection/stalled-clients.ts'

const STALLED_MS = 400
/** More than the kernel buffers on both sides. */
const SIZE = 60_000_000

async function open(t: Test, path: string) {
  const app = Fastify()
  registerStalledClients(app, STALLED_MS)
  for (const encoding of ['zstd', undefined] as const) {
    app.get(`/${encoding ?? 'plain'}`, (request, reply) => sendStream(request, reply, noise(), encoding))
  }
  app.get('/whole', async () => Buffer.alloc(SIZE))
  app.get('/late', async () => {
    await setTimeout(STALLED_MS * 3)
    return 'done'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  let isClosed = false
  app.server.once('connection', (socket) => socket.once('close', () => (isClosed = true)))
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  t.teardown(() => client.destroy())
  await once(client, 'connect')
  client.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return { client, isClosed: () => isClosed }
}

async function* noise(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(100_000)
  for (let i = 0; i < chunk.length; i++) chunk[i] = (i * i * 31) >> 7
  for (let sent = 0; sent < SIZE; sent += chunk.length)
    yield crypto.getRandomValues(chunk.subarray(0, 60_000))
}

for (const path of ['plain', 'zstd', 'whole']) {
  void t.test(`a client that takes nothing of ${path} is closed`, async (t) => {
    const { client, isClosed } = await open(t, path)
    client.pause()
    const start = performance.now()
    while (!isClosed() && performance.now() - start < 20 * STALLED_MS) await setTimeout(10)
    t.ok(isClosed())
    t.ok(performance.now() - start >= STALLED_MS * 0.9, 'not before')
  })
}

void t.test('a slow client that takes something again and again is not', async (t) => {
  const { client, isClosed } = await open(t, 'plain')
  let taken = 0
  let goal = 0
  client.on('data', (chunk: Buffer) => {
    taken += chunk.length
    if (taken >= goal) client.pause()
  })
  for (let i = 0; i < 12; i++) {
    goal += 3_000_000
    client.resume()
    await setTimeout(STALLED_MS / 4)
  }
  t.notOk(isClosed())
  t.ok(taken > 10_000_000, `${taken} bytes`)
})

void t.test('a client that waits for the server is not', async (t) => {
  const { client } = await open(t, 'late')
  t.match(String((await once(client, 'data'))[0]), /done$/)
})
