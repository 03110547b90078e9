import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { KubernetesRequest } from '../../../../src/kubernetes/client/transport/connection.ts'
import { Transport, type TransportOptions } from '../../../../src/kubernetes/client/transport/transport.ts'
import { freePort } from '../../../support/free-port.ts'
import { temporaryDirectory, type Scope } from '../../../support/scope.ts'
import {
  answerJson,
  startScriptedServer,
  statusObject,
  type Script,
  type ScriptedServer,
} from '../../../support/scripted-api-server.ts'
import { failureKind } from '../../../support/failure-kind.ts'

const GET = { method: 'GET', path: '/x' } as const
const WRITES: readonly KubernetesRequest[] = [
  { method: 'POST', path: '/x', body: '{}' },
  { method: 'PUT', path: '/x', body: '{}' },
  { method: 'PATCH', path: '/x', body: '[]', contentType: 'application/json-patch+json' },
]
const APPLY = {
  method: 'PATCH',
  path: '/x',
  body: '{}',
  contentType: 'application/apply-patch+yaml',
} as const

async function start(
  scope: Scope,
  script: Script,
  options: TransportOptions = {},
): Promise<ScriptedServer & { readonly transport: Transport }> {
  const server = await startScriptedServer(scope, script)
  const transport = new Transport(server.access, { random: () => 0, ...options })
  scope.teardown(() => transport.close())
  return { ...server, transport }
}

void t.test('200 requests need few connections, and no more run at once than allowed', async (t) => {
  const fourth = Promise.withResolvers<void>()
  const { transport, connections, atOnce, requests } = await start(
    t,
    async (_, response, count) => {
      if (count === 4) fourth.resolve()
      await fourth.promise
      await delay(2)
      answerJson(response, 200, {})
    },
    { requestsAtOnce: 4 },
  )
  const { signal } = new AbortController()
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  await Promise.all(Array.from({ length: 200 }, async () => transport.json({ ...GET, signal })))
  t.equal(requests.length, 200)
  t.equal(atOnce(), 4)
  t.ok(connections() <= 4, `${connections()} connections`)
  await delay(1)
  t.same(warnings, [])
})

void t.test('waits as long as a server asks for', async (t) => {
  const { transport, requests } = await start(t, (_, response, count) => {
    if (count > 1) answerJson(response, 200, { done: true })
    else answerJson(response, 429, statusObject(429, 'TooManyRequests', 'later'), { 'retry-after': '1' })
  })
  for (const write of [GET, ...WRITES.slice(0, 1)]) {
    const began = performance.now()
    t.same(await transport.json(write), { done: true })
    t.ok(performance.now() - began >= 990, write.method)
  }
  t.equal(requests.length, 4)
})

void t.test('gives up after five tries', async (t) => {
  const { transport, requests } = await start(t, (_, response) => {
    response.writeHead(503).end('<html>no server</html>')
  })
  await t.rejects(transport.json(GET), { kind: 'server', message: 'the server answered 503: no server' })
  t.equal(requests.length, 5)
})

void t.test('repeats what may be repeated', async (t) => {
  const { transport, requests } = await start(t, (_, response, count) => {
    if (count === 1) response.destroy()
    else answerJson(response, 200, { done: true })
  })
  t.same(await transport.json(APPLY), { done: true })
  t.equal(requests.length, 2)
})

for (const write of WRITES)
  void t.test(`does not repeat ${write.method} of which it can't know whether it was done`, async (t) => {
    const { transport, requests } = await start(t, (_, response) => void response.destroy())
    t.equal(await failureKind(transport.json(write)), 'unreachable')
    t.equal(requests.length, 1)
  })

void t.test('fails by an answer that is cut, is none, or is no JSON', async (t) => {
  const { transport } = await start(
    t,
    (request, response) => {
      if (request.path === '/cut') {
        response.writeHead(200, { 'content-length': '100' })
        response.write('{"a":')
        setTimeout(() => response.destroy(), 10)
      } else if (request.path === '/still') {
        response.writeHead(200)
        response.write('{"a":')
      } else if (request.path === '/html') response.writeHead(200).end('<html>Please <b>log in</b></html>')
    },
    { answerMs: 100 },
  )
  const post = { method: 'POST', body: '{}' } as const
  t.equal(await failureKind(transport.json({ ...post, path: '/cut' })), 'unreachable')
  await t.rejects(transport.json({ ...post, path: '/still' }), {
    kind: 'timeout',
    message: 'an answer stood still for 0.1 s',
  })
  await t.rejects(transport.json({ ...post, path: '/silent' }), {
    kind: 'timeout',
    message: /^127\.0\.0\.1:\d+: no answer within 0.1 s$/,
  })
  await t.rejects(transport.json({ ...post, path: '/html' }), {
    kind: 'malformed',
    message: /no JSON: Please log in$/,
  })
})

void t.test('reports a server that is away, after some tries', async (t) => {
  const port = await freePort()
  const { access } = await startScriptedServer(t, () => {})
  const transport = new Transport(
    { ...access, server: new URL(`http://127.0.0.1:${port}`) },
    { random: () => 0 },
  )
  const began = performance.now()
  await t.rejects(transport.json({ method: 'POST', path: '/x', body: '{}' }), {
    kind: 'unreachable',
    message: new RegExp(`127.0.0.1:${port}: nothing listens there`),
  })
  const tookMs = performance.now() - began
  t.ok(tookMs >= 1500 && tookMs < 5000, `${tookMs} ms`)
})

void t.test('ends at once by its signal: in a queue, in a request, in a pause', async (t) => {
  const { transport, requests } = await start(
    t,
    (request, response) => {
      if (request.path === '/later') response.writeHead(429, { 'retry-after': '20' }).end()
    },
    { requestsAtOnce: 1 },
  )
  const reason = new Error('no longer needed')
  for (const path of ['/later', '/silent']) {
    const end = new AbortController()
    const running = transport.json({ ...GET, path, signal: end.signal })
    const queued = transport.json({ ...GET, path: '/queued', signal: end.signal })
    setTimeout(() => end.abort(reason), 50)
    const began = performance.now()
    await t.rejects(running, reason)
    await t.rejects(queued, reason)
    t.ok(performance.now() - began < 10_000, 'and not after the pause of 20 s')
  }
  t.notOk(requests.some(({ path }) => path === '/queued'))
  const end = new AbortController()
  const others = transport.json({ ...GET, path: '/silent', signal: end.signal })
  await t.rejects(
    transport.json({ ...GET, signal: AbortSignal.abort(reason) }),
    reason,
    'while another request has the only place',
  )
  end.abort(reason)
  await t.rejects(others, reason)
})

void t.test('asks nothing any more once it is closed', async (t) => {
  const { transport, requests } = await start(t, () => {})
  const running = failureKind(transport.json(GET))
  setTimeout(() => transport.close(), 50)
  t.equal(await running, 'configuration')
  t.equal(requests.length, 1)
})

void t.test('reads a token file for each request, and again where the token is refused', async (t) => {
  const file = join(await temporaryDirectory(t, 'token'), 'token')
  const seen: unknown[] = []
  const server = await startScriptedServer(t, async (request, response) => {
    seen.push(request.headers.authorization)
    if (request.headers.authorization === 'Bearer two') await writeFile(file, 'three\n')
    const isRefused =
      request.headers.authorization !== 'Bearer one' && request.headers.authorization !== 'Bearer three'
    answerJson(response, isRefused ? 401 : 200, {})
  })
  const credentials = { certificate: undefined, bearer: { kind: 'file', file } } as const
  const transport = new Transport({ ...server.access, credentials })
  t.teardown(() => transport.close())
  await writeFile(file, 'one\n')
  await transport.json(GET)
  await writeFile(file, 'two\n')
  await transport.json(GET)
  await writeFile(file, 'four\n')
  t.equal(await failureKind(transport.json(GET)), 'unauthorized')
  t.same(seen, ['Bearer one', 'Bearer two', 'Bearer three', 'Bearer four'])
  await writeFile(file, '')
  await t.rejects(transport.json(GET), { kind: 'configuration', message: `${file}: holds no token` })
})

void t.test('sends the user that is impersonated', async (t) => {
  const server = await startScriptedServer(t, (_, response) => answerJson(response, 200, {}))
  const impersonation = { user: 'jane', uid: '7', groups: ['x', 'y'], extra: { 'a/b': ['c'] } }
  const transport = new Transport({ ...server.access, impersonation })
  t.teardown(() => transport.close())
  await transport.json(GET)
  t.match(server.requests[0]?.headers, {
    'impersonate-user': 'jane',
    'impersonate-uid': '7',
    'impersonate-group': 'x, y',
    'impersonate-extra-a%2fb': 'c',
    authorization: 'Bearer secret',
  })
})

void t.test('keeps the path of the server', async (t) => {
  const server = await startScriptedServer(t, (_, response) => answerJson(response, 200, {}))
  const transport = new Transport({
    ...server.access,
    server: new URL('/k8s/clusters/c-1/', server.access.server),
  })
  t.teardown(() => transport.close())
  await transport.json({ method: 'GET', path: '/api?x=1' })
  t.equal(server.requests[0]?.path, '/k8s/clusters/c-1/api?x=1')
})
