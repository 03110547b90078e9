import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout } from 'node:timers/promises'
import Fastify, { type FastifyServerFactory } from 'fastify'
import t, { type Test } from 'tap'
import { sendStream } from '../../../src/http/pull/send-stream.ts'
import { createTlsServer } from '../../../src/http/connection/tls-server.ts'
import { testAuthority } from '../../support/certificates.ts'
import { registerStalledClients } from '../../../src/http/connection/stalled-clients.ts'

const STALLED_MS = 400
/** More than the kernel buffers on both sides. */
const SIZE = 60_000_000

const TIMES = { keepAliveTimeout: 5_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 }

function tlsFactory(): FastifyServerFactory {
  const { certificate: cert, key } = testAuthority().server()
  const certificates = { cert, key, clientCa: undefined }
  return (handler) => createTlsServer({ current: () => certificates, asksClients: false }, TIMES, handler)
}

async function connected(port: number, isTls: boolean): Promise<Socket> {
  const to = { port, host: '127.0.0.1', rejectUnauthorized: false }
  const client = isTls ? connectTls(to) : connect(to)
  await once(client, isTls ? 'secureConnect' : 'connect')
  return client
}

async function open(t: Test, path: string, isTls = false) {
  const app = Fastify(isTls ? { serverFactory: tlsFactory() } : {})
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
  const client = await connected((app.server.address() as AddressInfo).port, isTls)
  client.on('error', () => undefined)
  t.teardown(() => client.destroy())
  client.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return { client, isClosed: () => isClosed }
}

async function* noise(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(100_000)
  for (let i = 0; i < chunk.length; i++) chunk[i] = (i * i * 31) >> 7
  for (let sent = 0; sent < SIZE; sent += chunk.length)
    yield crypto.getRandomValues(chunk.subarray(0, 60_000))
}

for (const [path, isTls] of [
  ['plain', false],
  ['zstd', false],
  ['whole', false],
  ['plain', true],
  ['whole', true],
] as const) {
  void t.test(`a client that takes nothing of ${path}${isTls ? ' over TLS' : ''} is closed`, async (t) => {
    const { client, isClosed } = await open(t, path, isTls)
    client.pause()
    const start = performance.now()
    while (!isClosed() && performance.now() - start < 20 * STALLED_MS) await setTimeout(10)
    t.ok(isClosed())
    t.ok(performance.now() - start >= STALLED_MS * 0.9, 'not before')
  })
}

for (const isTls of [false, true])
  void t.test(
    `a slow client that takes something again and again${isTls ? ' over TLS' : ''} is not`,
    async (t) => {
      const { client, isClosed } = await open(t, 'plain', isTls)
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
    },
  )

void t.test('a client that waits for the server is not', async (t) => {
  const { client } = await open(t, 'late')
  t.match(String((await once(client, 'data'))[0]), /done$/)
})
