/** RFC 9110, sections 13 and 14.2, on every route whose answers may be kept. */
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { zstdDecompressSync } from 'node:zlib'
import { LAYER, LAYER_DIGEST, MANIFEST, NAME, fakeRegistry } from '../fake-registry.ts'
import { appOf } from '../fake-app.ts'

const BLOB = `/v2/${NAME}/blobs/${LAYER_DIGEST}`
const ROUTES = [
  `/v2/${NAME}/manifests/latest`,
  `/v2/${NAME}/manifests/${MANIFEST.digest}`,
  BLOB,
  `/v2/${NAME}/blobs/${MANIFEST.digest}`,
  `/v2/${NAME}/tags/list`,
  `/v2/${NAME}/tags/list?n=1`,
  `/v2/${NAME}/referrers/${MANIFEST.digest}`,
] as const
const OTHER = `"sha256:${'0'.repeat(64)}"`
const DATE = 'Sat, 29 Oct 2044 19:43:31 GMT'

async function tagOf(app: FastifyInstance, url: string): Promise<string> {
  return String((await app.inject(url)).headers.etag)
}

void t.test('each route: GET and HEAD, with each precondition', async (t) => {
  const fake = fakeRegistry()
  const app = appOf(t, fake)
  for (const url of ROUTES) {
    const tag = await tagOf(app, url)
    t.match(tag, /^"sha256:[0-9a-f]{64}"$/, url)
    for (const [headers, status] of [
      [{}, 200],
      [{ 'if-none-match': tag }, 304],
      [{ 'if-none-match': `W/${tag}` }, 304],
      [{ 'if-none-match': `${OTHER}, ${tag}` }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': OTHER }, 200],
      [{ 'if-match': tag }, 200],
      [{ 'if-match': '*' }, 200],
      [{ 'if-match': OTHER }, 412],
      [{ 'if-match': `W/${tag}` }, 412],
      [{ 'if-match': OTHER, 'if-none-match': tag }, 412],
      [{ 'if-match': tag, 'if-none-match': tag }, 304],
      // Nothing here has a date of modification (13.1.3, 13.1.4).
      [{ 'if-modified-since': DATE }, 200],
      [{ 'if-unmodified-since': 'Sat, 29 Oct 1994 19:43:31 GMT' }, 200],
      [{ 'if-none-match': OTHER, 'if-modified-since': DATE }, 200],
      // Before any range is looked at (13.2.2).
      [{ 'if-none-match': tag, range: 'bytes=0-0' }, 304],
      [{ 'if-none-match': tag, range: 'bytes=99999999-' }, 304],
      [{ 'if-match': OTHER, range: 'bytes=0-0' }, 412],
    ] as const) {
      for (const method of ['GET', 'HEAD'] as const) {
        const name = `${method} ${url} ${JSON.stringify(headers)}`
        const reply = await app.inject({ method, url, headers })
        t.equal(reply.statusCode, status, name)
        if (status === 304) isNotModified(t, reply, tag)
        if (status === 412) t.notOk('etag' in reply.headers || 'cache-control' in reply.headers, name)
      }
    }
  }
  t.equal(fake.streams.begun, fake.streams.ended)
})

void t.test('304 keeps what a cache needs', async (t) => {
  const reply = await appOf(t).inject({ url: BLOB, headers: { 'if-none-match': '*' } })
  t.match(reply.headers, {
    vary: 'accept-encoding',
    'cache-control': 'public, max-age=31536000, immutable',
    'docker-content-digest': LAYER_DIGEST,
  })
  const manifest = await appOf(t).inject({ url: ROUTES[0], headers: { 'if-none-match': '*' } })
  t.match(manifest.headers, { vary: 'accept, x-pushless-layers', 'docker-content-digest': MANIFEST.digest })
})

void t.test('an absent resource has no preconditions', async (t) => {
  const app = appOf(t)
  for (const headers of [{ 'if-none-match': '*' }, { 'if-match': '*' }, { 'if-match': OTHER }])
    t.equal((await app.inject({ url: `/v2/${NAME}/manifests/missing`, headers })).statusCode, 404)
})

void t.test('Range and If-Range of a blob', async (t) => {
  const app = appOf(t)
  const tag = `"${LAYER_DIGEST}"`
  const range = 'bytes=10-19'
  for (const [method, headers, status, start, end] of [
    ['GET', { range }, 206, 10, 20],
    ['GET', { range, 'if-range': tag }, 206, 10, 20],
    ['GET', { range, 'if-range': OTHER }, 200, 0, LAYER.length],
    ['GET', { range, 'if-range': `W/${tag}` }, 200, 0, LAYER.length],
    ['GET', { range, 'if-range': DATE }, 200, 0, LAYER.length],
    ['GET', { range: 'bytes=200000-', 'if-range': OTHER }, 200, 0, LAYER.length],
    ['GET', { range: 'bytes=200000-', 'if-range': tag }, 416, 0, 0],
    ['GET', { range, 'if-none-match': OTHER, 'if-match': tag }, 206, 10, 20],
    ['GET', { 'if-range': tag }, 200, 0, LAYER.length],
    ['HEAD', { range }, 200, 0, LAYER.length],
    ['HEAD', { range, 'if-range': tag }, 200, 0, LAYER.length],
    ['HEAD', { range: 'bytes=200000-' }, 200, 0, LAYER.length],
  ] as const) {
    const name = `${method} ${JSON.stringify(headers)}`
    const reply = await app.inject({ method, url: BLOB, headers })
    t.equal(reply.statusCode, status, name)
    t.equal(reply.headers['content-length'], String(end - start), name)
    t.equal('content-range' in reply.headers, status !== 200, name)
    if (method === 'GET') t.ok(reply.rawPayload.equals(LAYER.subarray(start, end)), name)
  }
})

void t.test('an encoded blob has a weak tag, and plain bytes are sent where that won’t do', async (t) => {
  const app = appOf(t, fakeRegistry(), 'zstd')
  const [plain, weak] = [`"${LAYER_DIGEST}"`, `W/"${LAYER_DIGEST}"`]
  for (const [headers, status, etag, encoding] of [
    [{}, 200, weak, 'zstd'],
    [{ 'if-none-match': plain }, 304, weak, undefined],
    [{ 'if-none-match': weak }, 304, weak, undefined],
    [{ 'if-none-match': OTHER }, 200, weak, 'zstd'],
    [{ 'if-match': plain }, 200, plain, undefined],
    [{ range: 'bytes=0-', 'if-range': weak }, 200, plain, undefined],
    [{ range: 'bytes=0-', 'if-range': plain }, 206, plain, undefined],
    [{ 'accept-encoding': 'identity' }, 200, plain, undefined],
  ] as const) {
    const name = JSON.stringify(headers)
    const reply = await app.inject({ url: BLOB, headers: { 'accept-encoding': 'zstd', ...headers } })
    t.equal(reply.statusCode, status, name)
    t.match(reply.headers, { etag, vary: 'accept-encoding' }, name)
    t.equal(reply.headers['content-encoding'], encoding, name)
    if (status === 304) continue
    const bytes = encoding === undefined ? reply.rawPayload : zstdDecompressSync(reply.rawPayload)
    t.ok(bytes.equals(LAYER), name)
  }
})

function isNotModified(
  t: Test,
  reply: { readonly headers: Readonly<Record<string, unknown>>; readonly body: string },
  tag: string,
): void {
  t.equal(reply.headers['etag'], tag)
  t.equal(reply.body, '')
  for (const name of ['content-type', 'content-length', 'content-range', 'content-encoding'])
    t.notOk(name in reply.headers, `no ${name}`)
}
