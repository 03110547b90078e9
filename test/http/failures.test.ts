import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { RegistryError, type ErrorKind } from '../../src/core/errors/errors.ts'
import { LAYER_DIGEST, NAME, failureOf, fakeRegistry } from './fake-registry.ts'
import { appOf } from './fake-app.ts'
import { errorCode } from './error-code.ts'

void t.test('every kind of failure becomes an answer, and no secret leaves with it', async (t) => {
  for (const [kind, status, code, reason] of [
    ['denied', 404, 'NAME_UNKNOWN', 'Not Found'],
    ['pending', 429, 'TOOMANYREQUESTS', 'not ready yet'],
    ['build-failed', 500, 'UNKNOWN', 'nix build failed'],
    ['fetch-failed', 500, 'UNKNOWN', 'nix fetch failed'],
    ['unservable', 500, 'UNKNOWN', 'not servable as an image'],
    ['unavailable', 503, 'UNKNOWN', 'Service Unavailable'],
  ] as const satisfies readonly (readonly [ErrorKind, number, string, string])[]) {
    const reply = await appOf(t, fakeRegistry({ at: 'ask', error: failureOf(kind) })).inject(
      `/v2/${NAME}/manifests/latest`,
    )
    t.equal(reply.statusCode, status, kind)
    t.equal(errorCode(reply.body), code, kind)
    t.equal(reply.statusMessage, reason, kind)
    t.equal(reply.headers['retry-after'], status === 429 || status === 503 ? '5' : undefined, kind)
    t.notMatch(reply.body, 'secret cause', kind)
    if (kind === 'denied' || kind === 'unavailable') t.notMatch(reply.body, 'secret', kind)
  }
  const slow = new RegistryError('pending', 'later', { retryAfterSeconds: 17 })
  const reply = await appOf(t, fakeRegistry({ at: 'ask', error: slow })).inject(
    `/v2/${NAME}/manifests/latest`,
  )
  t.equal(reply.headers['retry-after'], '17')
  const defect = await appOf(t, fakeRegistry({ at: 'ask', error: new TypeError('secret bug') })).inject(
    `/v2/${NAME}/manifests/latest`,
  )
  t.equal(defect.statusCode, 500)
  t.notMatch(defect.body, 'secret')
  t.equal(errorCode(defect.body), 'UNKNOWN')
})

void t.test('a stream that fails before its first byte is an answer like any other', async (t) => {
  const fake = fakeRegistry({ at: 'stream', after: 0, error: failureOf('unavailable') })
  for (const headers of [{}, { 'accept-encoding': 'zstd' }, { range: 'bytes=5-9' }]) {
    const reply = await appOf(t, fake, 'zstd').inject({ url: `/v2/${NAME}/blobs/${LAYER_DIGEST}`, headers })
    const what = JSON.stringify(headers)
    t.equal(reply.statusCode, 503, what)
    t.equal(errorCode(reply.body), 'UNKNOWN')
    t.equal(reply.headers['content-length'], String(Buffer.byteLength(reply.body)))
    t.equal(reply.headers['content-type'], 'application/json')
    // Or a cache between would keep the failure for a year, and a client unpack JSON as zstd.
    for (const header of [
      'cache-control',
      'etag',
      'content-encoding',
      'content-range',
      'accept-ranges',
      'docker-content-digest',
    ])
      t.notOk(header in reply.headers, `${what}: no ${header}`)
  }
})

void t.test('a stream that fails later cuts the connection', async (t) => {
  const fake = fakeRegistry({ at: 'stream', after: 2, error: failureOf('unavailable') })
  const app = appOf(t, fake)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/v2/${NAME}/blobs/${LAYER_DIGEST}`)
  t.equal(response.status, 200)
  await t.rejects(response.arrayBuffer())
  t.strictSame(fake.streams, { begun: 1, ended: 1 })
})

void t.test('a client that leaves ends its stream, whenever it leaves', async (t) => {
  for (const [what, wait] of [
    ['at once', 0],
    ['a little later', 30],
  ] as const) {
    const { promise: asked, resolve: tell } = Promise.withResolvers<void>()
    const { promise: gone, resolve: go } = Promise.withResolvers<void>()
    const fake = fakeRegistry()
    const find = fake.registry.blob.bind(fake.registry)
    fake.registry.blob = async (reference, digest) => {
      const blob = await find(reference, digest)
      return {
        ...blob,
        read: async function* (range) {
          tell()
          // The first bytes are there only once the client has left.
          await gone
          yield* blob.read(range)
        },
      }
    }
    const app = appOf(t, fake)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const client = httpRequest({ port, host: '127.0.0.1', path: `/v2/${NAME}/blobs/${LAYER_DIGEST}` })
    client.on('error', () => undefined)
    client.end()
    await asked
    client.destroy()
    await setTimeout(wait)
    go()
    for (let i = 0; i < 200 && (fake.streams.begun === 0 || fake.streams.ended < fake.streams.begun); i++)
      await setTimeout(5)
    t.strictSame(fake.streams, { begun: 1, ended: 1 }, what)
  }
})
