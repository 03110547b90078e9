import { tokenAccess } from '../../../src/http/access/access.ts'
import { LoopbackTrust } from '../../../src/http/access/loopback-trust.ts'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { registerErrors } from '../../../src/http/errors.ts'
import { RequestBodies, bodiesFor, type BodyLimits } from '../../../src/http/connection/request-bodies.ts'
import { tokenOf } from '../../../src/http/access/token.ts'

const LIMITS: BodyLimits = { bodyBytes: 1000, totalBytes: 2500, arriving: 3, deadlineMs: 300 }

/** A server that echoes bodies, each when `release` is called, if they are held. */
async function serverWith(t: Test, limits: Partial<BodyLimits> = {}, isHolding = false) {
  const bodies = new RequestBodies({ ...LIMITS, ...limits })
  const held: (() => void)[] = []
  const app = Fastify()
  registerErrors(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, body: unknown) => body)
  app.post('/', (request, reply) =>
    bodies.use(request, reply, async (bytes) => {
      if (isHolding) await new Promise<void>((resolve) => held.push(resolve))
      return bytes
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const post = async (text: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: text })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { bodies, port, post, release: () => held.splice(0).forEach((go) => go()), held }
}

/** Sends headers and the begin of a body. */
async function begin(t: Test, port: number, length: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${text}`)
  return socket
}

/** A client that goes on writing may find the connection closed before it has read the end. */
async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await finished(socket).catch(() => undefined)
  return text
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

void t.test('a body within the limits', async (t) => {
  const { post, bodies } = await serverWith(t)
  t.match(await post('x'.repeat(1000)), { status: 200, text: 'x'.repeat(1000) })
  t.match(await post(''), { status: 200, text: '' })
  t.equal(bodies.bytes, 0, 'its room is given back')
})

void t.test('a body that is too large, announced or not', async (t) => {
  const { port, bodies } = await serverWith(t)
  t.match(await answerOf(await begin(t, port, 1001, '')), /^HTTP\/1.1 413 .*connection: close/is)
  const socket = connect(port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
  socket.write(`3e9\r\n${'x'.repeat(1001)}\r\n`)
  t.match(await answerOf(socket), /^HTTP\/1.1 413 .*more than 1000 bytes: send it in parts/s)
  t.equal(bodies.bytes, 0)
})

void t.test('a body that never ends is given up at the deadline', async (t) => {
  const { port, bodies } = await serverWith(t)
  const socket = await begin(t, port, 900, 'begin')
  const drip = setInterval(() => socket.write('x'), 20)
  t.teardown(() => clearInterval(drip))
  t.match(await answerOf(socket), /^HTTP\/1.1 408 .*connection: close.*within 0.3 seconds/is)
  t.equal(bodies.bytes, 0)
})

void t.test('a client that leaves gives its room back', async (t) => {
  const { port, bodies } = await serverWith(t, { deadlineMs: 60_000 })
  const socket = await begin(t, port, 900, 'x'.repeat(800))
  await until(() => bodies.bytes === 800)
  socket.destroy()
  await until(() => bodies.bytes === 0)
})

void t.test('without room, the body that arrives for longest is given up', async (t) => {
  const { port, post, bodies } = await serverWith(t, { deadlineMs: 60_000 })
  const first = await begin(t, port, 1000, 'x'.repeat(900))
  await until(() => bodies.bytes === 900)
  const second = await begin(t, port, 1000, 'x'.repeat(900))
  await until(() => bodies.bytes === 1800)
  t.match(await post('y'.repeat(1000)), { status: 200, text: 'y'.repeat(1000) })
  t.match(await answerOf(first), /^HTTP\/1.1 503 .*retry-after: 5/is)
  second.write('x'.repeat(100))
  second.end()
  t.match(await answerOf(second), /^HTTP\/1.1 200 /, 'the other has not lost anything')
})

void t.test('as many at once as may be', async (t) => {
  const { port, post } = await serverWith(t, { deadlineMs: 60_000 })
  const slow = []
  for (let i = 0; i < 9; i++) slow.push(await begin(t, port, 10, 'x'))
  const answers = slow.slice(0, 6).map(answerOf)
  t.match(await post('y'), { status: 200 })
  for (const answer of await Promise.all(answers)) t.match(answer, /^HTTP\/1.1 503 /)
})

void t.test('bodies that are worked on keep their room', async (t) => {
  const { post, release, held } = await serverWith(t, { deadlineMs: 60_000 }, true)
  const both = [post('x'.repeat(1000)), post('x'.repeat(1000))]
  await until(() => held.length === 2)
  const third = await post('x'.repeat(1000))
  t.match(third, { status: 503, text: /too many bodies/ })
  t.equal(third.headers.get('retry-after'), '5')
  release()
  t.match(await Promise.all(both), [{ status: 200 }, { status: 200 }])
})

void t.test('a client with the token may send more, and has room of its own', async (t) => {
  const bodies = bodiesFor(
    tokenAccess(
      tokenOf(() => 'f6a1c30b9d5e47a2'),
      new LoopbackTrust(true),
    ),
  )
  const app = Fastify()
  registerErrors(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, body: unknown) => body)
  app.post('/', (request, reply) =>
    bodies(request).use(request, reply, async (bytes) => String(bytes.length)),
  )
  t.teardown(() => app.close())
  for (const [authorization, length, status] of [
    ['', 1_000_000, 200],
    ['', 1_000_001, 413],
    ['Bearer f6a1c30b9d5e47a3', 1_000_001, 413],
    ['Bearer f6a1c30b9d5e47a2', 1_000_001, 200],
    ['Bearer f6a1c30b9d5e47a2', 10_000_001, 413],
  ] as const) {
    const reply = await app.inject({
      method: 'POST',
      url: '/',
      headers: { authorization },
      payload: Buffer.alloc(length),
    })
    t.equal(reply.statusCode, status, `${authorization} ${length}`)
  }
})
