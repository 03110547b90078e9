import t from 'tap'
import { HASH, MANIFEST, NAME, fakeRegistry } from '../fake-registry.ts'
import { appOf } from '../fake-app.ts'
import { errorCode } from '../error-code.ts'

/** Every route, and some that aren't there. */
const ROUTES = [
  ['GET', '/v2/'],
  ['GET', `/v2/${NAME}/manifests/latest`],
  ['HEAD', `/v2/${NAME}/manifests/latest`],
  ['GET', `/v2/${NAME}/blobs/${MANIFEST.digest}`],
  ['GET', `/v2/${NAME}/tags/list`],
  ['GET', `/v2/${NAME}/referrers/${MANIFEST.digest}`],
  ['POST', `/v2/${NAME}/blobs/uploads/`],
  ['GET', '/builds'],
  ['GET', `/builds/${HASH}`],
  ['DELETE', `/builds/${HASH}`],
  ['POST', '/warm'],
  ['POST', '/check'],
  ['GET', '/metrics'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/nowhere'],
  ['GET', '/v2/%zz/manifests/latest'],
  ['OPTIONS', '/check'],
] as const

void t.test('a request for another host is refused on every route, and reaches nothing', async (t) => {
  const fake = fakeRegistry()
  const app = appOf(t, fake)
  for (const [method, url] of ROUTES) {
    for (const host of ['evil.example', 'evil.example:5000', '127.0.0.1.evil.example']) {
      const reply = await app.inject({ method, url, headers: { host } })
      t.equal(reply.statusCode, 421, `${method} ${url} ${host}`)
      if (method === 'HEAD') continue
      t.equal(errorCode(reply.body), 'DENIED')
      t.match(reply.body, '--hosts', 'says what to do')
    }
    const malformed = await app.inject({ method, url, headers: { host: 'a b' } })
    t.equal(malformed.statusCode, 400, `${method} ${url}: malformed`)
  }
  t.strictSame(fake.asked, [])
})

void t.test(
  'a request that another site caused is refused on every route, and reaches nothing',
  async (t) => {
    const fake = fakeRegistry()
    const app = appOf(t, fake)
    for (const [method, url] of ROUTES) {
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        { 'sec-fetch-site': 'none, cross-site' },
        { 'sec-fetch-site': '' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://localhost:81' },
        { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:80' },
      ]) {
        const reply = await app.inject({ method, url, headers })
        t.equal(reply.statusCode, 403, `${method} ${url} ${JSON.stringify(headers)}`)
        if (method !== 'HEAD') t.equal(errorCode(reply.body), 'DENIED')
        t.equal(reply.headers.connection === 'close', method !== 'GET' && method !== 'HEAD')
      }
    }
    t.strictSame(fake.asked, [])
  },
)

void t.test('clients of registries, and people who typed the address, are served', async (t) => {
  const app = appOf(t, fakeRegistry())
  for (const headers of [
    {},
    { host: 'nix.internal' },
    { host: '10.1.2.3:30500' },
    { host: '[fd00::1]:30500' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-mode': 'cors' },
    { host: 'localhost:80', origin: 'http://localhost:80' },
  ] as const)
    t.equal(
      (await app.inject({ url: `/v2/${NAME}/manifests/latest`, headers })).statusCode,
      200,
      JSON.stringify(headers),
    )
})
