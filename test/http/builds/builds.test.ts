import t from 'tap'
import { appOf, begin, fail, BUILD, EVIL, HASH, MADE } from '../build-app.ts'

const TOKEN = 'a-token-of-the-tests'
const ELSEWHERE = '192.0.2.1'

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
  t.match(live.body, '<script src="/web/build.js" defer></script>')
  t.notMatch(live.body, 'alert', 'its log comes by events')
  fail(journal)
  for (const url of [`/builds/${HASH}`, '/builds']) {
    const { headers, body } = await app.inject({ url, headers: { accept } })
    t.equal(headers['content-type'], 'text/html; charset=utf-8')
    t.match(body, '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;', url)
    t.notMatch(body, '<script', url)
    t.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'; /)
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

void t.test('unknown work is 404, in the form of errors', async (t) => {
  const { app } = appOf(t)
  for (const id of [HASH, `${HASH}-x.drv`, 'x', `${HASH}x`, '%2e%2e%2f', 'x'.repeat(500)]) {
    for (const method of ['GET', 'DELETE'] as const) {
      const { statusCode, body } = await app.inject({ method, url: `/builds/${id}` })
      t.equal(statusCode, 404, `${method} ${id}`)
      t.match(JSON.parse(body), { errors: [{ code: 'NAME_UNKNOWN' }] })
    }
  }
})

void t.test('clients that may read logs, and that may forget failures', async (t) => {
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
