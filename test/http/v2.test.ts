import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { RegistryError, type ErrorKind } from '../../src/core/errors.ts'
import { Metrics } from '../../src/http/metrics.ts'
import { createApp } from '../../src/http/app.ts'
import type { CompressionMode } from '../../src/http/compression.ts'
import { journalIn } from '../registry/journal.ts'
import {
  CONFIG,
  HASH,
  LAYER,
  LAYER_DIGEST,
  MANIFEST,
  NAME,
  failureOf,
  fakeRegistry,
  type FakeRegistry,
} from './fake-registry.ts'

function appOf(
  t: Test,
  fake: FakeRegistry = fakeRegistry(),
  compression: CompressionMode = 'none',
): FastifyInstance {
  const app = createApp(
    {
      registry: fake.registry,
      journal: journalIn(t),
      token: undefined,
      metrics: new Metrics(),
      compression,
      wait: 'retry',
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return app
}

function errorCode(body: string): string | undefined {
  const parsed = JSON.parse(body) as { errors?: readonly { code?: string }[] }
  return parsed.errors?.[0]?.code
}

void t.test('the base endpoint says that this is a registry', async (t) => {
  const app = appOf(t)
  for (const url of ['/v2/', '/v2', '/v2/?ns=docker.io']) {
    for (const method of ['GET', 'HEAD'] as const) {
      const reply = await app.inject({ method, url })
      t.equal(reply.statusCode, 200, `${method} ${url}`)
      t.equal(reply.headers['content-type'], 'application/json')
      t.equal(reply.headers['content-length'], '2')
      t.equal(reply.body, method === 'GET' ? '{}' : '')
    }
  }
  const health = await app.inject('/healthz')
  t.equal(health.body, 'ok\n')
})

void t.test('a manifest, by tag and digest, wherever clients ask for it', async (t) => {
  const app = appOf(t)
  for (const url of [
    `/v2/${NAME}/manifests/latest`,
    `/v2/${NAME}/manifests/${MANIFEST.digest}`,
    `/v2/${NAME}/manifests/latest?ns=nix.internal`,
    `/v2//nix/store/${HASH}-hello/manifests/latest`,
    `/v2/nix%2Fstore%2F${HASH}-hello/manifests/latest`,
    `/v2/nix/store/${HASH}/manifests/latest`,
  ]) {
    const reply = await app.inject({
      url,
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    })
    t.equal(reply.statusCode, 200, url)
    t.strictSame(reply.rawPayload, Buffer.from(MANIFEST.bytes), 'the very bytes that the digest names')
    t.match(reply.headers, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'content-length': String(MANIFEST.bytes.length),
      'docker-content-digest': MANIFEST.digest,
      etag: `"${MANIFEST.digest}"`,
    })
  }
})

void t.test('HEAD has the headers of GET, and no body', async (t) => {
  const app = appOf(t)
  for (const url of [
    `/v2/${NAME}/manifests/latest`,
    `/v2/${NAME}/blobs/${LAYER_DIGEST}`,
    `/v2/${NAME}/blobs/${CONFIG.digest}`,
    `/v2/${NAME}/tags/list?n=1`,
    `/v2/${NAME}/referrers/${MANIFEST.digest}`,
    `/v2/${NAME}/manifests/missing`,
    `/v2/${NAME}/blobs/sha256:${'0'.repeat(64)}`,
    '/v2/library/nginx/manifests/latest',
    '/nowhere',
  ]) {
    const [get, head] = [await app.inject({ method: 'GET', url }), await app.inject({ method: 'HEAD', url })]
    t.equal(head.statusCode, get.statusCode, url)
    t.equal(head.body, '')
    t.strictSame(shown(head.headers), shown(get.headers), url)
  }
})

void t.test('HEAD of a blob reads nothing of it', async (t) => {
  const fake = fakeRegistry()
  await appOf(t, fake).inject({ method: 'HEAD', url: `/v2/${NAME}/blobs/${LAYER_DIGEST}` })
  t.strictSame(fake.streams, { begun: 0, ended: 0 })
})

void t.test('a blob', async (t) => {
  const fake = fakeRegistry()
  const reply = await appOf(t, fake).inject(`/v2/${NAME}/blobs/${LAYER_DIGEST}`)
  t.equal(reply.statusCode, 200)
  t.ok(reply.rawPayload.equals(LAYER))
  t.match(reply.headers, {
    'content-type': 'application/octet-stream',
    'content-length': String(LAYER.length),
    'docker-content-digest': LAYER_DIGEST,
    etag: `"${LAYER_DIGEST}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'public, max-age=31536000, immutable',
  })
  t.strictSame(fake.streams, { begun: 1, ended: 1 })
})

void t.test('parts of a blob', async (t) => {
  const app = appOf(t, fakeRegistry(), 'zstd')
  const size = LAYER.length
  for (const [range, status, start, end] of [
    ['bytes=0-0', 206, 0, 1],
    ['bytes=50000-', 206, 50_000, size],
    ['bytes=10-19', 206, 10, 20],
    ['bytes=99990-1000000', 206, 99_990, size],
    ['bytes=-10', 206, size - 10, size],
    ['bytes=0-9,20-29', 200, 0, size],
    ['bytes=9-0', 200, 0, size],
    ['nonsense', 200, 0, size],
  ] as const) {
    const headers = { range, 'accept-encoding': status === 206 ? 'zstd' : 'identity' }
    const reply = await app.inject({ url: `/v2/${NAME}/blobs/${LAYER_DIGEST}`, headers })
    t.equal(reply.statusCode, status, range)
    t.ok(reply.rawPayload.equals(LAYER.subarray(start, end)), `${range}: bytes`)
    t.equal(reply.headers['content-length'], String(end - start))
    t.equal(reply.headers['content-range'], status === 206 ? `bytes ${start}-${end - 1}/${size}` : undefined)
    t.equal(reply.headers['content-encoding'], undefined, 'a part is never compressed')
  }
})

void t.test('a part behind the end', async (t) => {
  const fake = fakeRegistry()
  const app = appOf(t, fake)
  for (const range of ['bytes=100000-', 'bytes=200000-300000', 'bytes=-0']) {
    const reply = await app.inject({ url: `/v2/${NAME}/blobs/${LAYER_DIGEST}`, headers: { range } })
    t.equal(reply.statusCode, 416, range)
    t.equal(reply.headers['content-range'], 'bytes */100000')
    t.equal(reply.body, '')
    for (const header of ['docker-content-digest', 'etag', 'cache-control'])
      t.notOk(header in reply.headers, `no ${header}: this isn’t the blob`)
  }
  t.equal(fake.streams.begun, 0)
})

void t.test('compression on the way', async (t) => {
  const url = `/v2/${NAME}/blobs/${LAYER_DIGEST}`
  for (const [mode, accept, encoding] of [
    ['zstd', 'zstd, gzip', 'zstd'],
    ['gzip', 'gzip', 'gzip'],
    ['none', 'zstd, gzip', undefined],
    ['zstd', 'gzip', undefined],
  ] as const) {
    const reply = await appOf(t, fakeRegistry(), mode).inject({ url, headers: { 'accept-encoding': accept } })
    t.equal(reply.headers['content-encoding'], encoding, `${mode}, ${accept}`)
    t.equal(reply.headers.vary, 'accept-encoding')
    if (encoding === undefined) continue
    const plain = encoding === 'zstd' ? zstdDecompressSync(reply.rawPayload) : gunzipSync(reply.rawPayload)
    t.ok(plain.equals(LAYER), encoding)
    t.equal(reply.headers['docker-content-digest'], LAYER_DIGEST, 'the digest is that of the plain bytes')
    for (const header of ['content-length', 'etag', 'accept-ranges'])
      t.notOk(header in reply.headers, `no ${header}`)
  }
})

void t.test('tags, page by page', async (t) => {
  const app = appOf(t)
  const whole = await app.inject(`/v2/${NAME}/tags/list`)
  t.equal(whole.headers['content-type'], 'application/json')
  t.strictSame(whole.json(), { name: NAME, tags: ['dev', 'latest', 'nix', 'out'] })
  const found: string[] = []
  let url: string | undefined = `/v2/${NAME}/tags/list?n=3`
  while (url !== undefined) {
    const { body, headers }: { body: string; headers: Readonly<Record<string, unknown>> } =
      await app.inject(url)
    found.push(...(JSON.parse(body) as { tags: string[] }).tags)
    url = /^<(.*)>; rel="next"$/.exec(String(headers['link']))?.[1]
  }
  t.strictSame(found, ['dev', 'latest', 'nix', 'out'])
})

void t.test('nothing refers to an image', async (t) => {
  const reply = await appOf(t).inject(`/v2/${NAME}/referrers/${MANIFEST.digest}`)
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'application/vnd.oci.image.index.v1+json')
  t.strictSame(reply.json<{ manifests: unknown }>().manifests, [])
})

void t.test('nobody pushes or deletes', async (t) => {
  const fake = fakeRegistry()
  const app = appOf(t, fake)
  for (const [method, url] of [
    ['POST', `/v2/${NAME}/blobs/uploads/`],
    ['PATCH', `/v2/${NAME}/blobs/uploads/1`],
    ['PUT', `/v2/${NAME}/manifests/latest`],
    ['DELETE', `/v2/${NAME}/manifests/${MANIFEST.digest}`],
    ['DELETE', `/v2/${NAME}/blobs/${LAYER_DIGEST}`],
    ['OPTIONS', '/v2/'],
    ['POST', '/healthz'],
    ['POST', '/nowhere'],
  ] as const) {
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    const reply = await app.inject({ method, url, headers, ...(method === 'PUT' ? { payload: '{}' } : {}) })
    t.equal(reply.statusCode, 405, `${method} ${url}`)
    t.equal(reply.headers.allow, 'GET, HEAD')
    t.equal(reply.headers.connection, 'close')
    t.equal(errorCode(reply.body), 'UNSUPPORTED')
  }
  t.strictSame(fake.asked, [])
})

void t.test('what isn’t there', async (t) => {
  const app = appOf(t)
  for (const [url, status, code] of [
    [`/v2/${NAME}/manifests/missing`, 404, 'MANIFEST_UNKNOWN'],
    [`/v2/${NAME}/manifests/.bad`, 404, 'MANIFEST_UNKNOWN'],
    [`/v2/${NAME}/manifests/sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
    [`/v2/${NAME}/manifests/sha256:0`, 400, 'DIGEST_INVALID'],
    [`/v2/${NAME}/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
    [`/v2/${NAME}/blobs/nonsense`, 400, 'DIGEST_INVALID'],
    [`/v2/${NAME.replace('aw2', 'bw2')}/tags/list`, 404, 'NAME_UNKNOWN'],
    ['/v2/library/nginx/manifests/latest', 404, 'NAME_UNKNOWN'],
    ['/v2/_catalog', 404, 'NAME_UNKNOWN'],
    ['/v2/UPPER/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/%zz/manifests/latest', 400, 'NAME_INVALID'],
    ['/v2/%', 400, 'NAME_INVALID'],
    [`/v2/${NAME}%00/tags/list`, 400, 'NAME_INVALID'],
    [`/v2/${'a/'.repeat(1000)}tags/list`, 400, 'NAME_INVALID'],
    ['/v1/search', 404, 'NAME_UNKNOWN'],
    ['/', 404, 'NAME_UNKNOWN'],
  ] as const) {
    const reply = await app.inject(url)
    t.equal(reply.statusCode, status, url.slice(0, 80))
    t.equal(errorCode(reply.body), code, url.slice(0, 80))
    t.equal(reply.headers['content-type'], 'application/json')
    t.equal(reply.headers['content-length'], String(Buffer.byteLength(reply.body)))
  }
})

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
  const slow = new RegistryError('pending', 'later', { detail: { retryAfterSeconds: 17 } })
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
    const read = fake.registry.read.bind(fake.registry)
    fake.registry.read = async function* (blob, range) {
      tell()
      // The first bytes are there only once the client has left.
      await gone
      yield* read(blob, range)
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

/** Headers that say something of the reply, not of its moment. */
function shown(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => name !== 'date' && name !== 'connection' && name !== 'keep-alive',
    ),
  )
}
