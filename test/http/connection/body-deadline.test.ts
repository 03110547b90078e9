import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import t from 'tap'
import { registerBodyDeadline } from '../../../src/http/connection/body-deadline.ts'
import { openConnection } from '../open-connection.ts'

const DEADLINE_MS = 200

void t.test('a body that nobody reads ends its connection at the deadline', async (t) => {
  const app = Fastify()
  registerBodyDeadline(app, DEADLINE_MS)
  app.get('/', async () => 'here')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.put('/long', { config: { hasLongBodies: true } }, async ({ raw }) => {
    let length = 0
    for await (const chunk of raw) length += (chunk as Buffer).length
    return String(length)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const open = async (head: string) => {
    const socket = await openConnection(t, app)
    socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n`)
    return socket
  }
  for (const head of ['GET /', 'GET /nowhere', 'POST /nowhere']) {
    const socket = await open(head)
    const drip = setInterval(() => socket.write('x'), 20)
    const start = performance.now()
    t.teardown(() => clearInterval(drip))
    // A server that closes with bytes unread resets the connection.
    await text(socket).catch(() => undefined)
    clearInterval(drip)
    t.ok(performance.now() - start >= DEADLINE_MS * 0.9, `${head}: not before`)
  }
  const long = await open('PUT /long')
  const answer = once(long, 'data')
  for (let i = 0; i < 100; i++) {
    long.write('x')
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  t.match(String((await answer)[0]), /\r\n100$/, 'a route that has its own deadline')
  const whole = await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  t.equal(await whole.text(), 'here')
})
