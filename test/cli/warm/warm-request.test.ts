import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { requestImage, retryAfter } from '../../../src/cli/warm/warm-request.ts'
import { parseImageName } from '../../../src/core/oci/image-name.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const IMAGE = parseImageName(`${HASH}-hello:nix`)

void t.test('Retry-After', async (t) => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')
  for (const [value, seconds] of [
    ['1', 1],
    ['120', 120],
    ['0', 1],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 1],
    [null, 5],
    ['', 5],
    ['soon', 5],
  ] as const) {
    t.equal(retryAfter(value, now), seconds, String(value))
  }
})

type Ending = { readonly teardown: (end: () => void) => unknown }
type Reply = readonly [status: number, headers: Record<string, string>, body?: string]

/** A registry that answers these one after another, the last one for ever. */
async function registryOf(t: Ending, ...replies: readonly Reply[]) {
  const asked: string[] = []
  const server = createServer((request, response: ServerResponse) => {
    const [status, headers, body = ''] = replies[Math.min(asked.length, replies.length - 1)] ?? [500, {}]
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(status, headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close())
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), asked }
}
const error = (message: string, detail?: object) =>
  JSON.stringify({ errors: [{ code: 'UNKNOWN', message, ...(detail === undefined ? {} : { detail }) }] })
const READY: Reply = [200, { 'docker-content-digest': DIGEST }, '{}']
const PATH = `/v2/nix/store/${HASH}-hello/manifests/nix`

void t.test('asked for until it is there', async (t) => {
  const { url, asked } = await registryOf(
    t,
    [429, { 'retry-after': '1' }, error('still being built')],
    [307, { location: `${PATH}?wait=1` }],
    [429, { 'retry-after': '1' }, error('queue full')],
    [503, { 'retry-after': '1' }, 'no JSON'],
    READY,
  )
  const heard: string[] = []
  const start = performance.now()
  const outcome = await requestImage(
    url,
    IMAGE,
    ({ message }) => heard.push(message),
    new AbortController().signal,
  )
  t.strictSame(outcome, { kind: 'ready', digest: DIGEST })
  t.strictSame(asked, [`GET ${PATH}`, `GET ${PATH}`, `GET ${PATH}?wait=1`, `GET ${PATH}`, `GET ${PATH}`])
  t.strictSame(heard, ['still being built', 'queue full', '503 Service Unavailable: no JSON'])
  t.ok(performance.now() - start > 2900, 'not before it was told to')
})

void t.test('a failure is reported at once', async (t) => {
  for (const [reply, errors] of [
    [
      [500, {}, error('nix build failed', { log: ['a'] })],
      [{ message: 'nix build failed', detail: { log: ['a'] } }],
    ],
    [[404, {}, error('no such path')], [{ message: 'no such path' }]],
    [[404, {}, '<html>'], [{ code: 'UNKNOWN', message: '404 Not Found: <html>' }]],
    [[403, {}, '{"errors": []}'], [{ message: '403 Forbidden: {"errors": []}' }]],
    [[500, {}, '{"errors": [{"code": 1}]}'], [{ code: 'UNKNOWN' }]],
  ] as const satisfies readonly (readonly [Reply, object])[]) {
    const { url, asked } = await registryOf(t, reply)
    const outcome = await requestImage(url, IMAGE, () => undefined, new AbortController().signal)
    t.match(outcome, { kind: 'failed', errors }, reply[2])
    t.equal(asked.length, 1)
  }
})

void t.test('a registry below a path, and a name that must be encoded', async (t) => {
  const { url, asked } = await registryOf(t, READY)
  const image = parseImageName(`${HASH}-gtk+3=x?@${DIGEST}`)
  await requestImage(new URL('below/', url), image, () => undefined, new AbortController().signal)
  t.strictSame(asked, [`GET /below/v2/nix/store/${HASH}-gtk+3=x%3F/manifests/${DIGEST}`])
})

void t.test('nobody there: says so, and ends when it is told to', async (t) => {
  const stop = new AbortController()
  const heard: string[] = []
  const asking = requestImage(
    new URL('http://127.0.0.1:9/'),
    IMAGE,
    ({ message }) => {
      heard.push(message)
      stop.abort()
    },
    stop.signal,
  )
  await t.rejects(asking, { name: 'AbortError' })
  t.match(heard, [/^cannot reach http:\/\/127\.0\.0\.1:9: ./])
})
