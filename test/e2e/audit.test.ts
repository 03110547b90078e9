/** The audit log of a real server, and traces at a receiver that decodes them. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { pullAll, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { busybox, fixture, nixInstantiate } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKEN = 'the-secret-token-of-ci'
type Line = Readonly<Record<string, unknown>>

async function linesIn(file: string): Promise<readonly Line[]> {
  return (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line))
}

void t.test('the audit log', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'audit')
  const [auth, file] = [join(directory, 'auth.yaml'), join(directory, 'audit.jsonl')]
  const rights = (list: string) =>
    `tokens: [{name: ci, sha256: ${createHash('sha256').update(TOKEN).digest('hex')}, rights: [${list}]}]\nrules: [{subjects: [token:ci], names: ["slow*", "*fails*"], allow: [pull, build, fetch]}]\n`
  await writeFile(auth, rights('pull, warm'))
  const server = await startPushless(t, {
    args: ['--serve-packages', '--allow-builds', '--auth', auth, '--audit', file, '--log-level', 'debug'],
  })
  const ask = async (path: string, authorization?: string, init: RequestInit = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { 'x-request-id': 'mine-1', ...(authorization === undefined ? {} : { authorization }) },
    })
  const slow = await nixInstantiate(fixture('shapes.nix'), [
    '-A',
    'slow',
    '--argstr',
    'salt',
    `audit-${process.pid}`,
    '--arg',
    'seconds',
    '0',
  ])
  const repository = (path: string) => new URL(repositoryUrl(server.url, path)).pathname
  const refs = JSON.stringify({ refs: [`nix.internal${slow}`] })
  const password = `Basic ${Buffer.from('ci:a-wrong-password').toString('base64')}`

  t.equal((await ask('/v2/')).status, 200, 'loopback may pull')
  const denied = await ask(
    `${repository(await busybox())}/manifests/nix?token=in-the-query`,
    `Bearer ${TOKEN}`,
  )
  t.match({ status: denied.status, id: denied.headers.get('x-request-id') }, { status: 404, id: 'mine-1' })
  t.equal((await ask('/v2/', password)).status, 401)
  t.equal((await ask(`${repository(slow)}/manifests/nix`, `Bearer ${TOKEN}`)).status, 200)
  t.equal((await ask('/warm?wait=false', `Bearer ${TOKEN}`, { method: 'POST', body: refs })).status, 202)
  t.equal((await ask('/builds', `Bearer ${TOKEN}`)).status, 200, 'loopback')
  await writeFile(`${auth}.new`, rights('pull'))
  await rename(`${auth}.new`, auth)
  await setTimeout(300)
  t.equal((await ask('/warm', `Bearer ${TOKEN}`, { method: 'POST', body: refs })).status, 403)

  const lines = await until(async () => {
    const found = await linesIn(file)
    return found.length >= 6 ? found : undefined
  })
  const sender = { subject: 'token:ci', address: '127.0.0.1', requestId: 'mine-1' }
  const kept = lines.map(({ time, ...rest }) => {
    t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    return rest
  })
  t.match(kept, [
    { what: 'request', outcome: 'denied', ...sender, target: /-busybox$/, reason: 'no rule matches' },
    { what: 'credentials', outcome: 'denied', address: '127.0.0.1', target: 'GET /v2/' },
    { what: 'request', outcome: 'denied', target: 'GET /v2/' },
    { what: 'build', outcome: 'done', ...sender, target: /slow/ },
    { what: 'warm', outcome: 'done', ...sender, target: 'POST /warm' },
    { what: 'reload', outcome: 'done', subject: 'server', target: auth },
    { what: 'request', outcome: 'denied', ...sender, target: 'POST /warm' },
  ])
  const everything = (await readFile(file, 'utf8')) + JSON.stringify(server.logs)
  for (const secret of [TOKEN, 'a-wrong-password', password.slice('Basic '.length)])
    t.notOk(everything.includes(secret), 'no secret is in a log')
  t.notOk((await readFile(file, 'utf8')).includes('in-the-query'), 'nor a query in the audit log')
  t.equal((await stat(file)).mode & 0o777, 0o600)

  await rename(file, `${file}.1`)
  await setTimeout(1100)
  await ask('/v2/', password.replace('Basic ', 'Basic x'))
  t.ok((await linesIn(file)).length > 0, 'a file that was rotated is made again')
})

void t.test('traces', { skip: missing('nix') }, async (t) => {
  type Span = {
    name: string
    traceId: string
    parentSpanId?: string
    spanId: string
    attributes: { key: string; value: { stringValue?: string } }[]
  }
  const spans: Span[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const { resourceSpans } = (await json(request)) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[]
    }
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans)
    response.end('{}')
  }
  const receiver = createServer((request, response) => {
    void take(request, response)
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.teardown(() => receiver.close())
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/traces`
  const server = await startPushless(t, { args: ['--serve-packages', '--trace-endpoint', endpoint] })
  const path = await busybox()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`, {
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  const warmTrace = 'c'.repeat(32)
  await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`, {
    headers: { traceparent: `00-${warmTrace}-00f067aa0ba902b7-01` },
  })
  const salted = ['--argstr', 'salt', `traces-${process.pid}`, '--arg', 'seconds', '0']
  const built = await nixInstantiate(fixture('shapes.nix'), ['-A', 'slow', ...salted])
  const buildTrace = 'b'.repeat(32)
  await fetch(`${repositoryUrl(server.url, built)}/manifests/nix`, {
    headers: { traceparent: `00-${buildTrace}-00f067aa0ba902b7-01` },
  })
  await fetch(`${server.url}/v2/`, { headers: { traceparent: `00-${'a'.repeat(32)}-00f067aa0ba902b7-00` } })
  await pullAll(server.url, path)
  await server.stop()
  const names = spans.map(({ name }) => name)
  for (const name of [
    'GET manifests',
    'resolve',
    'realise build',
    'source',
    'closure',
    'plan',
    'digest',
    'GET blobs',
    'stream',
  ])
    t.ok(names.includes(name), name)
  const own = spans.filter((span) => span.traceId === traceId)
  t.match(
    own.find(({ name }) => name === 'GET manifests'),
    { parentSpanId: '00f067aa0ba902b7' },
    'below the client\u2019s span',
  )
  t.ok(
    own.some(({ name }) => name === 'digest'),
    'with its steps',
  )
  t.strictSame(
    spans.flatMap(({ name, traceId }) => (traceId === warmTrace ? [name] : [])),
    ['GET manifests'],
    'a warm manifest has no steps',
  )
  const parentOf = ({ parentSpanId }: Span) => spans.find(({ spanId }) => spanId === parentSpanId)
  const realise = spans.find(({ name }) => name === 'realise build')
  t.equal(realise?.traceId, buildTrace)
  const resolve = realise && parentOf(realise)
  t.equal(resolve?.name, 'resolve', 'a build is below the step that needs it')
  t.equal((resolve && parentOf(resolve))?.name, 'GET manifests')
  for (const span of spans.filter(({ name }) => name === 'stream'))
    t.equal(parentOf(span)?.name, 'GET blobs', 'each download is below its request')
  t.notOk(
    spans.some((span) => span.traceId === 'a'.repeat(32)),
    'a client that is not traced',
  )
})

void t.test('a collector that is not there hurts nobody', { skip: missing('nix') }, async (t) => {
  const server = await startPushless(t, { args: ['--trace-endpoint', 'http://127.0.0.1:9/v1/traces'] })
  for (let i = 0; i < 20; i++) t.equal((await fetch(`${server.url}/v2/`)).status, 200)
  await until(async () =>
    server.logs.some(({ msg }) => String(msg).startsWith('traces are lost')) ? true : undefined,
  )
  await server.stop()
})

void t.test('a full disk loses lines and no pulls', { skip: missing('nix') }, async (t) => {
  const server = await startPushless(t, { args: ['--audit', '/dev/full'] })
  for (let i = 0; i < 3; i++)
    t.equal((await fetch(`${server.url}/v2/`, { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403)
  t.equal((await fetch(`${server.url}/v2/`)).status, 200)
  t.equal(server.logs.filter(({ msg }) => String(msg).startsWith('audit log')).length, 1)
})
