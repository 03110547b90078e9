import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { RegistryError } from '../../src/core/errors.ts'
import { parseStorePath, type StorePath } from '../../src/core/store-path.ts'
import { createApp } from '../../src/http/app.ts'
import { Metrics } from '../../src/http/metrics.ts'
import type { WorkJournal } from '../../src/registry/work-journal.ts'
import { journalIn } from '../registry/journal.ts'
import { fakeRegistry } from './fake-registry.ts'

const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const BUILD = { kind: 'build', derivation: path(`${HASH}-hello-2.12.drv`), output: 'out' } as const
const MADE = path('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-hello-2.12')
const EVIL = '</pre><script>alert("1")</script>&\''
const TOKEN = 'a-token-of-the-tests'
const ELSEWHERE = '192.0.2.1'

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(base)
  return parsed
}

function appOf(t: Test, token?: string): { app: FastifyInstance; journal: WorkJournal } {
  const journal = journalIn(t)
  const { registry } = fakeRegistry()
  const app = createApp(
    { registry, journal, token, metrics: new Metrics(), compression: 'none', wait: 'retry' },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return { app, journal }
}

function begin(journal: WorkJournal, ...lines: readonly string[]): void {
  journal.begin(BUILD, MADE)
  journal.hear(BUILD, { kind: 'started' })
  for (const line of lines) print(journal, line)
}

function print(journal: WorkJournal, line: string): void {
  journal.hear(BUILD, { kind: 'log', line, derivation: BUILD.derivation })
}

function fail(journal: WorkJournal): void {
  const error = new RegistryError('build-failed', `nix build failed: ${EVIL}`, {
    detail: {
      derivation: BUILD.derivation,
      status: 'PermanentFailure',
      brief: 'x',
      build: HASH,
      log: ['no'],
    },
  })
  journal.hear(BUILD, { kind: 'failed', error })
}

void t.test('a build in each of its forms, by any of its names', async (t) => {
  const { app, journal } = appOf(t)
  begin(journal, 'one', EVIL)
  fail(journal)
  for (const id of [
    HASH,
    `${HASH}-hello-2.12`,
    `${HASH}-hello-2.12.drv`,
    'bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56',
  ]) {
    const { statusCode, body } = await app.inject(`/builds/${id}`)
    t.equal(statusCode, 200, id)
    t.match(JSON.parse(body), {
      id: HASH,
      kind: 'build',
      name: 'hello-2.12',
      path: BUILD.derivation,
      outputs: ['out'],
      makes: [MADE],
      state: 'failed',
      queued: /^20.*Z$/,
      started: /Z$/,
      ended: /Z$/,
      failure: {
        message: /^nix build failed/,
        status: 'PermanentFailure',
        log: ['no'],
        rememberedUntil: /Z$/,
      },
      log: { lines: 2 },
      url: `/builds/${HASH}`,
    })
    t.notMatch(body, /"brief"|"build":/)
  }
  const text = await app.inject({ url: `/builds/${HASH}`, headers: { accept: 'text/plain' } })
  t.equal(text.body, `one\n${EVIL}\n`, 'the log as it is')
  t.equal(text.headers['content-type'], 'text/plain; charset=utf-8')
  t.equal(text.headers['x-content-type-options'], 'nosniff')
  const list = await app.inject('/builds')
  t.match(JSON.parse(list.body), { builds: [{ id: HASH }] })
  for (const [query, count] of [
    ['state=failed', 1],
    ['state=done', 0],
    ['state=nonsense', 0],
  ] as const)
    t.equal(
      (JSON.parse((await app.inject(`/builds?${query}`)).body) as { builds: [] }).builds.length,
      count,
      query,
    )
})

void t.test('a page holds what was printed as text, and runs no script but its own', async (t) => {
  const { app, journal } = appOf(t)
  begin(journal, EVIL)
  const accept = 'text/html,*/*;q=0.8'
  const live = await app.inject({ url: `/builds/${HASH}`, headers: { accept } })
  t.match(live.body, 'new EventSource(')
  t.notMatch(live.body, 'alert', 'its log comes by events')
  fail(journal)
  for (const url of [`/builds/${HASH}`, '/builds']) {
    const { headers, body } = await app.inject({ url, headers: { accept } })
    t.equal(headers['content-type'], 'text/html; charset=utf-8')
    t.match(body, '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;', url)
    t.notMatch(body, '<script', url)
    t.match(
      headers['content-security-policy'],
      /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-/,
    )
  }
})

void t.test('HEAD says what GET says', async (t) => {
  const { app, journal } = appOf(t)
  begin(journal, 'one')
  journal.hear(BUILD, { kind: 'done' })
  for (const url of ['/builds', `/builds/${HASH}`, '/builds/unknown']) {
    for (const accept of ['*/*', 'text/html', 'text/plain']) {
      const [head, whole] = await Promise.all(
        (['HEAD', 'GET'] as const).map((method) => app.inject({ method, url, headers: { accept } })),
      )
      t.equal(head?.statusCode, whole?.statusCode, `${url} ${accept}`)
      for (const name of ['content-type', 'content-length', 'vary'])
        t.equal(head?.headers[name], whole?.headers[name], name)
      t.equal(head?.body, '')
    }
  }
  const follow = await app.inject({ method: 'HEAD', url: `/builds/${HASH}?follow` })
  t.match(follow.headers, { 'content-type': 'text/event-stream; charset=utf-8' })
})

void t.test('what nobody knows is 404, as errors are', async (t) => {
  const { app } = appOf(t)
  for (const id of [HASH, `${HASH}-x.drv`, 'x', `${HASH}x`, '%2e%2e%2f', 'x'.repeat(500)]) {
    for (const method of ['GET', 'DELETE'] as const) {
      const { statusCode, body } = await app.inject({ method, url: `/builds/${id}` })
      t.equal(statusCode, 404, `${method} ${id}`)
      t.match(JSON.parse(body), { errors: [{ code: 'NAME_UNKNOWN' }] })
    }
  }
})

void t.test('who may read and who may forget', async (t) => {
  const bearer = { authorization: `Bearer ${TOKEN}` }
  for (const [what, token, remoteAddress, headers, read, forget] of [
    ['this machine', undefined, '127.0.0.1', {}, 200, 204],
    ['elsewhere', undefined, ELSEWHERE, {}, 401, 401],
    ['elsewhere with a token that there is not', undefined, ELSEWHERE, bearer, 401, 401],
    ['a proxy on this machine', undefined, '127.0.0.1', { 'x-forwarded-for': ELSEWHERE }, 401, 401],
    ['this machine, where there is a token', TOKEN, '127.0.0.1', {}, 200, 401],
    ['this machine with it', TOKEN, '127.0.0.1', bearer, 200, 204],
    ['elsewhere, where there is a token', TOKEN, ELSEWHERE, {}, 401, 401],
    ['elsewhere with it', TOKEN, ELSEWHERE, bearer, 200, 204],
  ] as const) {
    const { app, journal } = appOf(t, token)
    begin(journal, 'secret')
    fail(journal)
    for (const url of ['/builds', `/builds/${HASH}`, `/builds/${HASH}?follow`]) {
      const { statusCode, body } = await app.inject({ url, remoteAddress, headers })
      t.equal(statusCode, read, `${what}: ${url}`)
      if (read !== 200) t.notMatch(body, 'secret')
    }
    const unknown = await app.inject({ url: '/builds/x', remoteAddress, headers })
    t.equal(unknown.statusCode, read === 200 ? 404 : 401, `${what}: what is there can't be told`)
    const forgot = await app.inject({ method: 'DELETE', url: `/builds/${HASH}`, remoteAddress, headers })
    t.equal(forgot.statusCode, forget, `${what}: DELETE`)
    t.equal(journal.failure(BUILD) === undefined, forget === 204)
  }
})

async function listening(t: Test): Promise<{ url: string; app: FastifyInstance; journal: WorkJournal }> {
  const { app, journal } = appOf(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, app, journal }
}

void t.test('following by events and by lines', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'one', 'two')
  const events = fetch(`${url}/builds/${HASH}?follow`).then((response) => response.text())
  const lines = fetch(`${url}/builds/${HASH}?follow`, { headers: { accept: 'text/plain' } }).then((r) =>
    r.text(),
  )
  await setTimeout(300)
  print(journal, 'three')
  await setTimeout(300)
  fail(journal)
  t.equal(await lines, 'one\ntwo\nthree\n')
  const found = (await events).split('\n\n').filter((event) => event !== '')
  t.strictSame(
    found.map((event) => event.replace(/(data: \{).*/, '$1')),
    [
      'event: state\ndata: {',
      'id: 2\nevent: log\ndata: one\ndata: two',
      'id: 3\nevent: log\ndata: three',
      'event: state\ndata: {',
      'event: end\ndata: failed',
    ],
  )
  for (const [last, status, body] of [
    ['2', 200, /^id: 3\nevent: log\ndata: three\n\nevent: state/],
    ['3', 204, /^$/],
    ['nonsense', 200, /^id: 3\nevent: log\ndata: one\n/],
  ] as const) {
    const response = await fetch(`${url}/builds/${HASH}?follow`, { headers: { 'last-event-id': last } })
    t.equal(response.status, status, `after ${last}`)
    t.match(await response.text(), body)
  }
})

void t.test('a follower that takes nothing costs nothing and misses lines', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'first')
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(`${url}/builds/${HASH}?follow`, { headers: { accept: 'text/plain' } }, resolve)
  })
  response.pause()
  const before = process.memoryUsage().rss
  const text = 'x'.repeat(1000)
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 1000; j++) print(journal, text)
    await setTimeout(1)
  }
  t.ok(process.memoryUsage().rss - before < 80e6, 'of 100 MB')
  fail(journal)
  let got = ''
  for await (const chunk of response) got += String(chunk)
  t.ok(got.length < 20e6, `${got.length} bytes`)
  t.match(got, /\[pushless: \d+ lines left out here\]/)
})

void t.test('too many followers are refused, and all leave when the server stops', async (t) => {
  const { url, app, journal } = await listening(t)
  begin(journal, 'one')
  const leaving = new AbortController()
  const open = () => fetch(`${url}/builds/${HASH}?follow`, { signal: leaving.signal })
  const all = await Promise.all(Array.from({ length: 256 }, open))
  t.ok(all.every(({ status }) => status === 200))
  t.equal((await open()).status, 429)
  const closed = app.close()
  await Promise.all(all.map((response) => response.text().catch(() => undefined)))
  await closed
})

void t.test('a follower that leaves makes room', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'one')
  for (let i = 0; i < 4; i++) {
    const leaving = new AbortController()
    const all = await Promise.all(
      Array.from({ length: 100 }, () => fetch(`${url}/builds/${HASH}?follow`, { signal: leaving.signal })),
    )
    t.ok(all.every(({ status }) => status === 200))
    leaving.abort()
    await setTimeout(300)
  }
})
