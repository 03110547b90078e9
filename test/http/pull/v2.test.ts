import t from 'tap'
import { CONFIG, HASH, LAYER_DIGEST, MANIFEST, NAME, fakeRegistry } from '../fake-registry.ts'
import { appOf } from '../fake-app.ts'
import { errorCode } from '../error-code.ts'

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

void t.test('absent resources', async (t) => {
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

/** Headers that say something of the reply, not of its moment. */
function shown(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => name !== 'date' && name !== 'connection' && name !== 'keep-alive',
    ),
  )
}
