/** Who is let in by default: not what comes through a proxy on this machine, and not what a web page makes a browser send. */
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture, nixInstantiate } from '../support/nix.ts'
import { httpProxy, nginxProxy, tcpRelay, type Proxy } from '../support/proxies.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const SKIP = { skip: missing('nix') }
const SERVE = ['--serve-packages']

async function unbuilt(salt: string): Promise<string> {
  const args = ['-A', 'slow', '--argstr', 'salt', `access-${salt}-${process.pid}`, '--arg', 'seconds', '0']
  return nixInstantiate(fixture('shapes.nix'), args)
}

const pull = (url: string, path: string, headers = {}) =>
  ask(`${repositoryUrl(url, path)}/manifests/nix`, { headers })

/** As fetch, which sends no Host of the caller's. */
async function ask(
  url: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: object; body?: string } = {},
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const sent = request(url, { method, headers: { ...headers }, agent: false })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: await text(answer) }
}

const builds = (server: Pushless) => server.logs.filter(({ kind }) => kind === 'building').length

async function isClosed(t: Test, url: string, drv: string): Promise<void> {
  t.equal((await ask(`${url}/builds`)).status, 401, 'the list of builds')
  t.equal((await ask(`${url}/builds/${drv.slice(11, 43)}?follow`)).status, 401, 'a log')
  t.equal((await ask(`${url}/builds/${drv.slice(11, 43)}`, { method: 'DELETE' })).status, 401, 'DELETE')
  t.match(await pull(url, drv), { status: 404, body: 'no such store path' }, 'a build')
}

for (const [name, proxy, skip] of [
  ['a proxy of node:http', httpProxy, false],
  ['nginx as it is', nginxProxy(), missing('nginx')],
  [
    'nginx that names its clients',
    nginxProxy(
      'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    ),
    missing('nginx'),
  ],
] as const satisfies readonly (readonly [string, Proxy, string | false])[]) {
  void t.test(`${name} on loopback`, { skip: SKIP.skip || skip }, async (t) => {
    const drv = await unbuilt(name.replaceAll(/\W/g, '-'))
    const server = await startPushless(t, { args: SERVE })
    t.equal((await ask(`${server.url}/builds`)).status, 200, 'open until then')
    await isClosed(t, await proxy(t, server.port), drv)
    await isClosed(t, server.url, drv)
    t.equal(builds(server), 0)
    const warned = server.logs.filter(({ msg }) => String(msg).includes('--open-on-loopback=false'))
    t.equal(warned.length, 1, 'said once')
  })
}

void t.test('a relay of TCP on loopback', SKIP, async (t) => {
  const open = await startPushless(t, { args: SERVE })
  const relayed = await tcpRelay(t, open.port)
  t.equal((await ask(`${relayed}/builds`)).status, 200, 'leaves no sign')

  const drv = await unbuilt('relay')
  const closed = await startPushless(t, { args: SERVE, env: { PUSHLESS_OPEN_ON_LOOPBACK: 'off' } })
  await isClosed(t, await tcpRelay(t, closed.port), drv)
  await isClosed(t, closed.url, drv)
  t.equal(builds(closed), 0)
})

void t.test('a browser', SKIP, async (t) => {
  const server = await startPushless(t, {
    args: SERVE,
    env: { PUSHLESS_HOSTS: 'registry.example *.below.example' },
  })
  const { url, port } = server
  const drv = await unbuilt('browser')

  await t.test('that another site sends here starts no build and reads nothing', async (t) => {
    const evil = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    t.equal((await pull(url, drv, evil)).status, 403)
    t.equal(
      (await pull(url, drv, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status,
      403,
    )
    t.equal(
      (await ask(`${url}/check`, { method: 'POST', headers: evil, body: '{"refs":["a"]}' })).status,
      403,
    )
  })

  await t.test('with a name that was bound anew reads nothing', async (t) => {
    const headers = { host: 'evil.example' }
    t.equal((await pull(url, drv, headers)).status, 421)
    for (const path of ['/metrics', '/builds', '/healthz', '/v2/'])
      t.equal((await ask(url + path, { headers })).status, 421)
    t.equal((await ask(`${url}/check`, { method: 'POST', headers, body: '{"refs":["a"]}' })).status, 421)
  })

  t.equal(builds(server), 0)

  await t.test('names that are its own', async (t) => {
    for (const host of ['registry.example', 'a.below.example:1', 'nix.internal', '10.0.0.1:30500', '[::1]'])
      t.equal((await ask(`${url}/healthz`, { headers: { host } })).status, 200, host)
    t.equal((await pull(url, drv, { host: 'localhost' })).status, 200, 'also for builds')
    t.equal(builds(server), 1)
  })

  await t.test('requests as they are on the wire', async (t) => {
    for (const [lines, expected] of [
      [`GET http://127.0.0.1:${port}/v2/ HTTP/1.1\r\nHost: evil.example`, 200],
      ['GET http://evil.example/v2/ HTTP/1.1\r\nHost: localhost', 421],
      ['GET http://v2.below.example/healthz HTTP/1.1\r\nHost: localhost', 200],
      ['GET /v2/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example', 400],
      ['GET /v2/ HTTP/1.1', 400],
      ['GET /v2/ HTTP/1.1\r\nHost:', 400],
      ['GET /v2/ HTTP/1.1\r\nHost: LOCALHOST.', 200],
      ['GET /v2/ HTTP/1.0', 200],
      ['GET /v2/ HTTP/1.0\r\nHost: evil.example', 421],
    ] as const) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`${lines}\r\nConnection: close\r\n\r\n`)
      t.match(await text(socket), new RegExp(`^HTTP/1.1 ${expected} `), lines)
    }
  })
  t.ok(await until(() => server.logs.find(({ sign }) => sign === 'HTTP/1.0')))
})
