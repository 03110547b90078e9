import type { Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { registerPipelining, type PipelineLimits } from '../../../src/http/connection/pipelining.ts'
import { openConnection } from '../open-connection.ts'

/** A server whose answers wait for `release`. */
async function serverWith(t: Test, limits: PipelineLimits) {
  const app = Fastify()
  const begun: string[] = []
  const held: (() => void)[] = []
  registerPipelining(app, limits)
  app.get('/:name', async (request) => {
    const { name } = request.params as { name: string }
    begun.push(name)
    if (name !== 'free') await new Promise<void>((resolve) => held.push(resolve))
    return `<${name}>`
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const open = async () => openConnection(t, app)
  const release = () => held.splice(0).forEach((go) => go())
  return { begun, held, open, release }
}

const requests = (count: number, name = '') =>
  Array.from({ length: count }, (_, i) => `GET /${name || i} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('')

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function closed(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve))
}

function collect(socket: Socket): { readonly names: () => string[] } {
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  return { names: () => [...text.matchAll(/<(\w+)>/g)].map(([, name = '']) => name) }
}

void t.test('requests of a connection are answered one after the other', async (t) => {
  const { open, begun, held, release } = await serverWith(t, { waitingOfOne: 10, waiting: 100 })
  const socket = await open()
  const { names } = collect(socket)
  socket.write(requests(5))
  for (let i = 0; i < 5; i++) {
    await until(() => held.length === 1)
    t.equal(begun.length, i + 1, 'one in work at a time')
    release()
  }
  await until(() => names().length === 5)
  t.same(names(), ['0', '1', '2', '3', '4'])
  socket.write(requests(11, 'free'))
  await until(() => names().length === 16)
  t.equal(socket.destroyed, false, 'and the connection can be used again')
})

void t.test('too many on one connection close it, and harm no other', async (t) => {
  const { open, begun, held, release } = await serverWith(t, { waitingOfOne: 10, waiting: 100 })
  const honest = await open()
  const { names } = collect(honest)
  honest.write(requests(3))
  const hostile = await open()
  hostile.resume()
  hostile.write(requests(5000, 'hostile'))
  await closed(hostile)
  await until(() => held.length === 2)
  t.same(begun, ['0', 'hostile'], 'and none that waited is begun')
  for (let i = 0; i < 3; i++) {
    await until(() => held.length > 0)
    release()
    await until(() => names().length === i + 1)
  }
  t.same(names(), ['0', '1', '2'])
})

void t.test('all connections together have a limit, too', async (t) => {
  const { open, held, begun, release } = await serverWith(t, { waitingOfOne: 10, waiting: 15 })
  const first = await open()
  first.write(requests(11, 'first'))
  await until(() => held.length === 1)
  const second = await open()
  second.resume()
  second.write(requests(11, 'second'))
  await closed(second)
  const third = await open()
  const { names } = collect(third)
  third.write(requests(1, 'third'))
  await until(() => begun.includes('third'))
  release()
  await until(() => names().length === 1)
  t.pass('who doesn\u2019t pipeline is served all the same')
})

void t.test('a client that leaves is forgotten', async (t) => {
  const { open, begun, held, release } = await serverWith(t, { waitingOfOne: 10, waiting: 10 })
  const socket = await open()
  socket.write(requests(8))
  await until(() => held.length === 1)
  socket.destroy()
  release()
  const other = await open()
  const { names } = collect(other)
  other.write(requests(9, 'free'))
  await until(() => names().length === 9)
  t.notOk(begun.includes('7'), 'what it still waited for is not begun')
})
