import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { sendStream } from '../../../src/http/pull/send-stream.ts'

/** Below the high-water mark of every stream on the way, so that each would be queued by reference. */
const SMALL = 1000
const CHUNKS = 3000

/** Chunks whose memory is used again as soon as the next is asked for, as `BlobStreams` gives them. */
async function* reused(): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(SMALL)
  for (let i = 0; i < CHUNKS; i++) yield memory.fill(i % 251)
}

function expected(): Buffer {
  return Buffer.concat(Array.from({ length: CHUNKS }, (_, i) => Buffer.alloc(SMALL, i % 251)))
}

async function serve(
  scope: { teardown: (release: () => Promise<void>) => unknown },
  chunks: () => AsyncGenerator<Uint8Array>,
): Promise<{ readonly app: FastifyInstance; readonly url: string }> {
  const app = Fastify()
  for (const encoding of ['zstd', 'gzip', undefined] as const) {
    app.get(`/${encoding ?? 'plain'}`, async (request, reply) => {
      if (encoding !== undefined) reply.header('content-encoding', encoding)
      return sendStream(request, reply, chunks(), encoding)
    })
  }
  scope.teardown(() => app.close())
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

void t.test('memory that is used again shows in no byte', async (t) => {
  const { url } = await serve(t, reused)
  const whole = expected()
  for (const path of ['plain', 'gzip', 'zstd']) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/${path}`)))
    for (const answer of answers) t.ok(Buffer.from(await answer.arrayBuffer()).equals(whole), path)
  }
})

void t.test('a client that leaves ends the stream', async (t) => {
  const ended = Promise.withResolvers<void>()
  const { url } = await serve(t, async function* () {
    try {
      for (;;) yield Buffer.alloc(100_000)
    } finally {
      ended.resolve()
    }
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /plain HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  await ended.promise
  t.pass('its generator was told')
})

void t.test('a failure before the first byte is answered, a later one cuts the connection', async (t) => {
  t.equal((await fetch(`${(await serve(t, failing(0))).url}/plain`)).status, 500)
  const cut = await fetch(`${(await serve(t, failing(3))).url}/plain`)
  t.equal(cut.status, 200)
  await t.rejects(cut.arrayBuffer())
})

function failing(good: number): () => AsyncGenerator<Uint8Array> {
  return async function* () {
    for (let i = 0; i < good; i++) yield Buffer.alloc(SMALL)
    throw new RegistryError('unavailable', 'gone')
  }
}
