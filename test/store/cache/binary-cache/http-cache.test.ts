import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import type { CacheFiles } from '../../../../src/store/cache/binary-cache/cache-files.ts'
import { parseCacheUrl } from '../../../../src/store/cache/binary-cache/cache-url.ts'
import { httpCache } from '../../../../src/store/cache/binary-cache/http-cache.ts'
import { authorization, parseNetrc } from '../../../../src/store/cache/binary-cache/netrc.ts'
import { readSmallFile } from '../../../../src/store/cache/binary-cache/read-file.ts'
import { s3Cache } from '../../../../src/store/cache/s3/s3-cache.ts'

const { signal } = new AbortController()

async function serve(t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => (server.close(), server.closeAllConnections()))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: new URL(`http://127.0.0.1:${address.port}/cache/`), requests }
}

function cacheAt(t: Test, url: URL, authorization?: string): CacheFiles {
  const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization }
  const cache = httpCache({
    url,
    authorities: [],
    refusal: (status) => (status === 404 ? { kind: 'absent' } : { kind: 'trouble', why: undefined }),
    headers: async () => headers,
  })
  t.teardown(() => cache.close())
  return cache
}

function urlOf(text: string): string | undefined {
  const address = parseCacheUrl(text)
  return address?.kind === 's3' ? address.url.href : undefined
}

const ignore = (): void => undefined
const read = (cache: CacheFiles, name = 'x') => readSmallFile(cache, name, 1000, signal)

void t.test('redirects are followed, and credentials stay with the cache', async (t) => {
  const other = await serve(t, (_, response) => response.end('content'))
  const { url, requests } = await serve(t, (request, response) => {
    const location = request.url === '/cache/x' ? 'y' : `http://localhost:${other.url.port}/z`
    response.writeHead(302, { Location: location }).end()
  })
  t.equal(await read(cacheAt(t, url, 'Bearer secret')), 'content')
  t.strictSame(
    requests.map((request) => [request.url, request.headers.authorization]),
    [
      ['/cache/x', 'Bearer secret'],
      ['/cache/y', 'Bearer secret'],
    ],
  )
  t.strictSame(
    other.requests.map((request) => [request.url, request.headers.authorization]),
    [['/z', undefined]],
  )
})

void t.test('answers that are no content', async (t) => {
  let answer: (response: ServerResponse) => void = ignore
  const { url } = await serve(t, (_, response) => answer(response))
  const cache = cacheAt(t, url)
  const cases: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
    ['401', (response) => response.writeHead(401).end(), /it answers 401/],
    ['503', (response) => response.writeHead(503).end(), /it answers 503/],
    ['a circle', (response) => response.writeHead(302, { Location: 'x' }).end(), /redirects/],
    [
      'elsewhere',
      (response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
      /redirects/,
    ],
    ['too much', (response) => response.end(Buffer.alloc(2000)), /more than 1000 bytes/],
    ['a cut', (response) => (response.write('x'), setTimeout(() => response.destroy(), 20)), /./],
    ['bad gzip', (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x'), /decoded/],
  ]
  for (const [name, next, message] of cases) {
    answer = next
    await t.rejects(read(cache), { name: 'CacheTrouble', message }, name)
  }
  answer = (response) => response.writeHead(404).end()
  t.equal(await read(cache), undefined)
  await t.rejects(read(cache, '../outside'), { message: /outside of the cache/ })
  await t.rejects(read(cache, 'http://127.0.0.1:1/x'), { message: /outside of the cache/ })
})

void t.test('requests to S3 are signed for bucket and region', async (t) => {
  const { url, requests } = await serve(t, (request, response) =>
    request.url === '/bucket/there'
      ? response.end('content')
      : response.writeHead(403).end(request.url === '/bucket/expired' ? '<Code>ExpiredToken</Code>' : ''),
  )
  const text = `s3://bucket?endpoint=127.0.0.1:${url.port}&scheme=http&region=eu-west-1`
  const address = parseCacheUrl(text)
  if (address?.kind !== 's3') throw new Error('no bucket')
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' }
  const cache = s3Cache(address, async () => credentials, [])
  t.teardown(() => cache.close())
  t.equal(await read(cache, 'there'), 'content')
  t.equal(await read(cache, 'absent'), undefined)
  await t.rejects(read(cache, 'expired'), { message: 'it answers 403 ExpiredToken' })
  t.match(requests[0]?.headers, {
    authorization:
      /^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=\S*host/,
    'x-amz-security-token': 'token',
    'x-amz-date': /^\d{8}T\d{6}Z$/,
  })
  const open = s3Cache(address, async () => undefined, [])
  t.teardown(() => open.close())
  t.equal(await read(open, 'there'), 'content')
  t.equal(requests.at(-1)?.headers.authorization, undefined)
})

void t.test('addresses of caches, with the parameters of Nix', async (t) => {
  t.match(parseCacheUrl('https://u:p@example.org/a?priority=10&trusted=1'), {
    kind: 'http',
    name: 'https://example.org/a',
    priority: 10,
    isTrusted: true,
  })
  t.match(parseCacheUrl('file:///a%20b?compression=zstd'), {
    kind: 'file',
    directory: '/a b',
    isTrusted: false,
  })
  t.equal(urlOf('s3://bucket'), 'https://bucket.s3.us-east-1.amazonaws.com/')
  t.equal(urlOf('s3://bucket?region=eu-west-1'), 'https://bucket.s3.eu-west-1.amazonaws.com/')
  t.equal(urlOf('s3://bucket?endpoint=minio:9000&scheme=http'), 'http://minio:9000/bucket/')
  t.equal(urlOf('s3://bucket?endpoint=https://minio'), 'https://minio/bucket/')
  for (const bad of [
    '',
    'x',
    'ftp://x',
    'file://host/x',
    'https://x?priority=a',
    's3://UPPER_case',
    's3://b?scheme=x',
  ])
    t.equal(parseCacheUrl(bad), undefined, bad)
})

void t.test('credentials by host', async (t) => {
  const found = parseNetrc(
    'machine a login u password p\n# no machine\nmachine b\n  password t default login d password e',
  )
  t.strictSame([...found.keys()], ['a', 'b', ''])
  t.strictSame([...found.values()].map(authorization), ['Basic dTpw', 'Bearer t', 'Basic ZDpl'])
  t.throws(() => parseNetrc('password x'), { kind: 'malformed', message: 'netrc: machine was expected' })
})
