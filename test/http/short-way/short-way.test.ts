import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { PolicyRule } from '../../../src/access/policy/policy-rule.ts'
import { LoopbackTrust } from '../../../src/http/access/loopback-trust.ts'
import { TrustedProxies } from '../../../src/http/access/trusted-proxies.ts'
import { HASH, LAYER_DIGEST, MANIFEST, NAME, fakeRegistry } from '../fake-registry.ts'
import { TOKEN, answersOn, wayOf } from './both-ways.ts'

const TAG = `/v2/${NAME}/manifests/latest`
const DIGEST = `/v2/${NAME}/manifests/${MANIFEST.digest}`

/** A request with a Host. */
const get = (target: string, ...headers: readonly string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')
const head = (target: string, ...headers: readonly string[]) =>
  get(target, ...headers).replace(/^GET/, 'HEAD')

/** Requests, and how many of the answers come by the short way. */
const REQUESTS: readonly (readonly [name: string, bytes: string, short: number])[] = [
  ['a tag', get(TAG), 1],
  ['HEAD of a tag', head(TAG), 1],
  ['a digest', get(DIGEST), 1],
  ['HEAD of a digest', head(DIGEST), 1],
  ['a hash alone', get(`/v2/nix/store/${HASH}/manifests/latest`), 1],
  [
    'headers of containerd',
    get(TAG, 'User-Agent: containerd/2.1', 'Accept: a/b, */*', 'Accept-Encoding: gzip'),
    1,
  ],
  ['headers in any case', get(TAG, 'ACCEPT: */*', 'x-PUSHLESS-layers: erofs'), 1],
  ['the version of the API', get(TAG, 'Docker-Distribution-Api-Version: registry/2.0'), 1],
  ['a host of its own', get(TAG).replace('localhost', 'nix.internal:5000'), 1],
  ['an address', get(TAG).replace('localhost', '[::1]:5000'), 1],
  ['a manifest that the client has', get(TAG, `If-None-Match: "${MANIFEST.digest}"`), 1],
  ['HEAD of one that the client has', head(TAG, `If-None-Match: W/"${MANIFEST.digest}"`), 1],
  ['another one than the client has', get(TAG, 'If-None-Match: "sha256:other", "more"'), 1],
  ['several headers of a name', get(TAG, 'If-None-Match: "a"', `If-None-Match: "${MANIFEST.digest}"`), 1],
  ['a connection that ends', get(TAG, 'Connection: close'), 1],
  // The second one is there while the first is answered, and waits for its turn.
  ['requests that do not wait', get(TAG) + get(DIGEST, 'Connection: close'), 1],
  ['a missing tag', get(`/v2/${NAME}/manifests/missing`), 0],
  ['a missing digest', get(`/v2/${NAME}/manifests/${LAYER_DIGEST}`), 0],
  ['a missing path', get(TAG.replaceAll(HASH, 'bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56')), 0],
  ['a malformed name', get('/v2/UPPER/manifests/latest'), 0],
  ['a malformed tag', get(`/v2/${NAME}/manifests/-`), 0],
  ['a malformed digest', get(`/v2/${NAME}/manifests/sha256:1`), 0],
  ['a tag of referrers', get(`/v2/${NAME}/manifests/sha256-${'0'.repeat(64)}`), 0],
  ['a blob', get(`/v2/${NAME}/blobs/${MANIFEST.digest}`), 0],
  ['a query', get(`${TAG}?ns=nix.internal`), 0],
  ['percent-encoding', get(TAG.replace('latest', 'l%61test')), 0],
  ['malformed percent-encoding', get(TAG.replace('latest', '%zz')), 0],
  ['more slashes', get(TAG.replace('/v2/', '/v2//')), 1],
  ['a slash at the end', get(`${TAG}/`), 0],
  ['slashes before the API', get(`/${TAG}`), 0],
  ['an absolute target', get(`http://localhost${TAG}`), 0],
  ['an absolute target with another host', get(`http://evil.example.org${TAG}`), 0],
  ['another host', get(TAG).replace('localhost', 'evil.example.org'), 0],
  ['a malformed host', get(TAG).replace('localhost', 'a b'), 0],
  ['two hosts', get(TAG, 'Host: localhost'), 0],
  ['no host', `GET ${TAG} HTTP/1.1\r\n\r\n`, 0],
  ['an old version', get(TAG).replace('HTTP/1.1', 'HTTP/1.0'), 0],
  ['another site', get(TAG, 'Sec-Fetch-Site: cross-site'), 0],
  ['the same site', get(TAG, 'Sec-Fetch-Site: same-origin'), 0],
  ['another origin', get(TAG, 'Origin: https://evil.example.org'), 0],
  ['the token', get(TAG, `Authorization: Bearer ${TOKEN}`), 0],
  ['a wrong token', get(TAG, 'Authorization: Bearer wrong'), 0],
  ['an id', get(TAG, 'X-Request-Id: one'), 0],
  ['a proxy', get(TAG, 'X-Forwarded-For: 192.0.2.1'), 0],
  ['a range', get(TAG, 'Range: bytes=0-1'), 0],
  ['a precondition that holds', get(TAG, `If-Match: "${MANIFEST.digest}"`), 0],
  ['a precondition that fails', get(TAG, 'If-Match: "other"'), 0],
  ['a date', get(TAG, 'If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT'), 0],
  ['a body', `${get(TAG, 'Content-Length: 2')}{}`, 0],
  ['a body in chunks', `${get(TAG, 'Transfer-Encoding: chunked')}0\r\n\r\n`, 0],
  ['an expectation', get(TAG, 'Expect: 100-continue'), 0],
  ['another protocol', get(TAG, 'Connection: upgrade', 'Upgrade: h2c'), 0],
  ['a push', get(TAG).replace('GET', 'PUT'), 0],
  ['another method', get(TAG).replace('GET', 'OPTIONS'), 0],
]

void t.test('both ways answer, log and count alike', async (t) => {
  const [short, other] = [await wayOf(t, true), await wayOf(t, false)]
  for (const [name, bytes, expected] of REQUESTS) {
    const before = { short: short.recalled(), lines: short.lines.length }
    const count = bytes.split(' HTTP/1.').length - 1
    t.equal(await short.answersTo(bytes, count), await other.answersTo(bytes, count), name)
    t.strictSame(short.lines.slice(before.lines), other.lines.slice(before.lines), `${name}: log`)
    t.strictSame(await short.figures(), await other.figures(), `${name}: figures`)
    t.strictSame(short.audited, other.audited, `${name}: audit`)
    t.equal(short.recalled() - before.short, expected, `${name}: the way`)
  }
})

void t.test('a connection is used again, by either way', async (t) => {
  const way = await wayOf(t, true)
  const socket = await way.open()
  for (const target of [TAG, `${TAG}?ns=x`, DIGEST]) {
    socket.write(get(target))
    t.match(await answersOn(socket, 1), /^HTTP\/1\.1 200 OK/)
  }
  t.equal(way.recalled(), 2)
})

void t.test('rules are asked each time', async (t) => {
  let allow: PolicyRule['allow'] = new Set(['pull', 'fetch', 'build'])
  const conditions = { subjects: undefined, names: undefined, systems: undefined, keys: undefined }
  const rules = () => [{ place: 'auth.yaml:1', ...conditions, hashes: undefined, allow }]
  const ways = [await wayOf(t, true, { rules }), await wayOf(t, false, { rules })] as const
  for (const [now, short] of [
    [['pull', 'fetch', 'build'], 1],
    [[], 1],
    [['pull', 'fetch', 'build'], 2],
  ] as const) {
    allow = new Set(now)
    const [one, other] = await Promise.all(ways.map((way) => way.answersTo(get(TAG), 1)))
    t.equal(one, other)
    t.match(one, now.length > 0 ? /^HTTP\/1\.1 200/ : /^HTTP\/1\.1 404/)
    t.equal(ways[0].recalled(), short)
  }
  t.strictSame(ways[0].audited, ways[1].audited)
})

void t.test('a client that has enough under way is refused', async (t) => {
  const held = Promise.withResolvers<void>()
  const limits = { requests: 1, bytes: 0, connections: 0 }
  const way = await wayOf(t, true, { limits }, async () => {
    await held.promise
    return MANIFEST
  })
  const waiting = way.answersTo(get(`/v2/${NAME}/manifests/slow`), 1)
  await setTimeout(50)
  t.match(await way.answersTo(get(TAG), 1), /^HTTP\/1\.1 429/)
  held.resolve()
  t.match(await waiting, /^HTTP\/1\.1 200/)
  t.match(await way.answersTo(get(TAG), 1), /^HTTP\/1\.1 200/)
  t.match((await way.figures()).join('\n'), /client_limit_refusals_total\{limit="requests"\} 1/)
  t.match((await way.figures()).join('\n'), /^pushless_requests_open 1$/m, 'the request for figures alone')
})

void t.test('one connection too many is refused', async (t) => {
  const limits = { requests: 0, bytes: 0, connections: 1 }
  const way = await wayOf(t, true, { limits })
  await way.open()
  t.match(await way.answersTo(get(TAG), 1), /^HTTP\/1\.1 429[^]*Connection: close/i)
  t.equal(way.recalled(), 0)
})

void t.test('behind a trusted proxy, a request that names no client comes from the proxy', async (t) => {
  const proxies = new TrustedProxies([{ address: '127.0.0.1', prefix: 32, family: 'ipv4' }])
  const loopback = new LoopbackTrust(false)
  const [short, other] = [
    await wayOf(t, true, { proxies, loopback }),
    await wayOf(t, false, { proxies, loopback }),
  ]
  for (const bytes of [get(TAG), get(TAG, 'X-Forwarded-For: 192.0.2.1')])
    t.equal(await short.answersTo(bytes, 1), await other.answersTo(bytes, 1))
  t.strictSame(short.lines, other.lines)
  t.equal(short.recalled(), 1)
})

void t.test(
  'an answer that cannot be sent by the short way goes the other way, and the connection is free after it',
  async (t) => {
    const unsendable = { ...MANIFEST, mediaType: 'a line\nbreak' }
    const { registry } = fakeRegistry()
    const way = await wayOf(t, true, {
      registry: Object.assign(registry, { recalledManifest: () => unsendable }),
    })
    const socket = await way.open()
    for (let i = 0; i < 2; i++) {
      socket.write(get(TAG))
      t.match(await answersOn(socket, 1), /^HTTP\/1\.1 200/)
    }
  },
)

void t.test('requests with spans go the other way', async (t) => {
  const way = await wayOf(t, true, { isTraced: true })
  t.match(await way.answersTo(get(TAG), 1), /^HTTP\/1\.1 200/)
  t.equal(way.recalled(), 0)
})

void t.test('a server that stops takes no request more, by either way', async (t) => {
  for (const isShort of [true, false]) {
    const held = Promise.withResolvers<void>()
    const way = await wayOf(t, isShort, {}, async () => {
      await held.promise
      return MANIFEST
    })
    const socket = await way.open()
    socket.write(get(`/v2/${NAME}/manifests/slow`))
    await setTimeout(50)
    const closed = way.app.close()
    await setTimeout(50)
    held.resolve()
    t.match(await answersOn(socket, 1), /^HTTP\/1\.1 200/, 'what was begun is answered')
    socket.write(get(TAG))
    t.match(await answersOn(socket, 1), /^HTTP\/1\.1 503[^]*connection: close/i)
    t.equal(way.recalled(), 0)
    socket.destroy()
    await closed
  }
})
