import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { digestOf } from '../../src/core/oci/digest.ts'
import { MEDIA_TYPE } from '../../src/core/oci/image.ts'
import { EncodedCopies } from '../../src/encoded/encoded-copies.ts'
import { LAYER, LAYER_DIGEST, NAME, fakeRegistry } from './fake-registry.ts'
import { appOf } from './fake-app.ts'

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
    t.equal(reply.headers.etag, `W/"${LAYER_DIGEST}"`)
    for (const header of ['content-length', 'accept-ranges']) t.notOk(header in reply.headers, `no ${header}`)
  }
})

void t.test('a client whose network nobody knows gets one layer plain, to measure it', async (t) => {
  const copies = new EncodedCopies({ directory: t.testdir({}), maxBytes: 100_000_000 })
  t.teardown(async () => copies.close())
  const bytes = Buffer.alloc(20_000_000, 'layer')
  const digest = digestOf(bytes)
  const fake = fakeRegistry()
  const read = async function* ({ start, end }: { readonly start: number; readonly end: number }) {
    for (let at = start; at < end; at += 1_000_000) yield bytes.subarray(at, Math.min(end, at + 1_000_000))
  }
  const blob = async () => ({ digest, size: bytes.length, mediaType: MEDIA_TYPE.layer, read })
  const app = appOf(t, { ...fake, registry: Object.assign(fake.registry, { blob }) }, 'auto', copies)
  const pull = async (remoteAddress: string) => {
    const headers = { 'accept-encoding': 'zstd' }
    const reply = await app.inject({ url: `/v2/${NAME}/blobs/${digest}`, headers, remoteAddress })
    t.equal(reply.headers.vary, 'accept-encoding')
    const encoding = reply.headers['content-encoding']
    t.ok((encoding === 'zstd' ? zstdDecompressSync(reply.rawPayload) : reply.rawPayload).equals(bytes))
    return encoding
  }
  t.equal(await pull('127.0.0.1'), undefined, 'nothing is saved on this machine')
  t.equal(await pull('10.0.0.7'), 'zstd')
  t.equal(await pull('10.0.0.7'), undefined)
})
