import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { tokenOf } from '../../../src/http/access/token.ts'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { createApp } from '../../../src/http/app.ts'
import { Metrics } from '../../../src/http/metrics.ts'
import { MAX_IMAGES } from '../../../src/http/check/image-list.ts'
import { TRUSTED_LIMITS } from '../../../src/http/connection/request-bodies.ts'
import type { Registry } from '../../../src/registry/registry.ts'
import { journalIn } from '../../registry/journal.ts'
import { HASH, MANIFEST, fakeRegistry, NO_REFERRERS } from '../fake-registry.ts'

const TOKEN = 'f6a1c30b9d5e47a2'
const OTHER = '5kj3i7kj8yh7q6mfxr3ndxw5kxkalhix'
const NAME = `nix.internal/nix/store/${HASH}-hello`
const PODS = `
kind: Pod
metadata: {name: one}
spec: {containers: [{image: '${NAME}:latest'}, {image: nginx}]}
---
kind: Pod
metadata: {name: two}
spec: {containers: [{image: 'nix.internal/nix/store/${OTHER}-other:nix'}]}
`
type Line = Readonly<Record<string, unknown>>

function appOf(t: Test, registry: Registry = fakeRegistry().registry, token?: string): FastifyInstance {
  const app = createApp(
    {
      registry,
      referrers: NO_REFERRERS,
      journal: journalIn(t),
      token: tokenOf(() => token ?? TOKEN),
      metrics: new Metrics(),
      compression: 'none',
      wait: 'retry',
    },
    pino({ level: 'silent' }),
  )
  t.teardown(() => app.close())
  return app
}

async function post(app: FastifyInstance, payload: string, url = '/warm', headers: object = {}) {
  const reply = await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/yaml', ...headers },
  })
  return { ...reply, status: reply.statusCode, headers: reply.headers, body: reply.body }
}

function linesOf(body: string): readonly Line[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

void t.test('manifests: a line when something happens to an image, and one that counts', async (t) => {
  const { status, headers, body } = await post(appOf(t), PODS)
  t.equal(status, 200)
  t.equal(headers['content-type'], 'application/x-ndjson')
  const [begun, ...rest] = linesOf(body)
  t.strictSame(begun, { state: 'begun', images: 2, foreign: 1 })
  t.strictSame(rest.at(-1), { state: 'done', ready: 1, failed: 1, waiting: 0, foreign: 1 })
  t.match(
    rest.find(({ state }) => state === 'ready'),
    { ref: `${NAME}:latest`, digest: MANIFEST.digest },
  )
  t.match(
    rest.find(({ state }) => state === 'failed'),
    { ref: `nix.internal/nix/store/${OTHER}-other:nix`, errors: [{ code: 'NAME_UNKNOWN' }] },
  )
})

void t.test('bodies of any content type', async (t) => {
  const app = appOf(t)
  const ready = [{ ref: `${NAME}:latest`, state: 'ready', digest: MANIFEST.digest }]
  for (const [payload, expected] of [
    [JSON.stringify({ refs: [`${NAME}:latest`] }), ready],
    [JSON.stringify({ refs: [`/nix/store/${HASH}-hello`, `${HASH}-hello`, `${NAME}:latest`] }), ready],
    [
      JSON.stringify({ refs: [`${NAME}@${MANIFEST.digest}`] }),
      [{ ...ready[0], ref: `${NAME}@${MANIFEST.digest}` }],
    ],
    [JSON.stringify({ kind: 'List', items: [{ image: `${NAME}:latest` }] }), ready],
    [`image: ${NAME}:latest`, ready],
    [
      `image: localhost:80/nix/store/${HASH}-hello`,
      [{ ...ready[0], ref: `localhost:80/nix/store/${HASH}-hello:latest` }],
    ],
    ['image: nginx', []],
    ['{"refs": ["nginx"]}', [{ ref: 'nginx', state: 'failed', errors: [{ code: 'NAME_INVALID' }] }]],
    [
      `image: nix.internal//nix/store/${HASH}`,
      [
        {
          state: 'failed',
          errors: [{ code: 'NAME_INVALID', detail: { place: 'request body, document 1, image' } }],
        },
      ],
    ],
  ] as const) {
    const { status, body } = await post(app, payload)
    t.equal(status, 200, payload)
    t.match(linesOf(body).slice(1, -1), expected, payload)
  }
  for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
    const { body } = await post(app, `image: ${NAME}:latest`, '/warm', { 'content-type': type })
    t.match(linesOf(body).slice(1, -1), ready, type)
  }
  const elsewhere = `image: registry.example/nix/store/${HASH}-hello:latest`
  t.match(linesOf((await post(app, elsewhere)).body), [{ foreign: 1 }, { ready: 0 }])
  t.match(linesOf((await post(app, elsewhere, '/warm?host=registry.example')).body).at(-1), { ready: 1 })
})

void t.test('bodies that can’t be read', async (t) => {
  const app = appOf(t)
  for (const [payload, message] of [
    ['', /no image is named/],
    ['# nothing', /no image is named/],
    ['{"refs": []}', /no image is named/],
    ['{"refs": [1]}', /list of image names/],
    ['kind: Pod\nspec:\n\t- x', /request body:3:1: .*[Tt]abs/],
    [JSON.stringify({ refs: Array.from({ length: MAX_IMAGES + 1 }, (_, i) => `nginx:${i}`) }), /1001 images/],
    ['['.repeat(20_000), /nested too deeply/],
  ] as const) {
    const { status, body } = await post(app, payload)
    t.equal(status, 400, payload.slice(0, 30))
    t.match(JSON.parse(body), { errors: [{ code: 'MANIFEST_INVALID', message }] })
  }
  const { status, headers } = await post(app, `# ${'x'.repeat(TRUSTED_LIMITS.bodyBytes)}`)
  t.equal(status, 413)
  t.equal(headers.connection, 'close')
})

void t.test('without the token nothing is begun, nor read', async (t) => {
  const fake = fakeRegistry()
  const app = appOf(t, fake.registry)
  for (const headers of [{ authorization: '' }, { authorization: `Bearer ${TOKEN}x` }]) {
    const { status, headers: sent } = await post(app, PODS, '/warm', headers)
    t.equal(status, 401)
    t.equal(sent['connection'], 'close')
  }
  t.strictSame(fake.asked, [])
})

/** Images that are there after so many questions; how often each was asked for. */
function slowRegistry(rounds: number, holdMs: number) {
  const asked = new Map<string, number>()
  const registry: Pick<Registry, 'manifest' | 'askNix'> = {
    askNix: async () => undefined,
    manifest: async ({ storeHash }) => {
      const count = (asked.get(storeHash) ?? 0) + 1
      asked.set(storeHash, count)
      await setTimeout(holdMs)
      if (count > rounds) return MANIFEST
      throw new RegistryError('pending', 'too much is being built or fetched: ask again')
    },
  }
  return { registry: registry as Registry, asked }
}

void t.test('an image that takes longer is requested again, and reported as waiting', async (t) => {
  const { registry } = slowRegistry(2, 0)
  const { body } = await post(appOf(t, registry), PODS)
  const lines = linesOf(body).filter(({ ref }) => ref === `${NAME}:latest`)
  t.match(lines, [
    { state: 'waiting', errors: [{ code: 'TOOMANYREQUESTS', message: /^too much is being built/ }] },
    { state: 'waiting' },
    { state: 'ready' },
  ])
})

void t.test('wait=false: what was begun, at once', async (t) => {
  const { registry } = slowRegistry(0, 3000)
  const fake = fakeRegistry()
  const begun = await post(appOf(t, registry), PODS, '/warm?wait=false')
  t.equal(begun.status, 202)
  t.match(JSON.parse(begun.body), {
    images: [{ ref: `${NAME}:latest`, state: 'waiting' }, { state: 'waiting' }],
    foreign: 1,
  })
  const known = await post(appOf(t, fake.registry), PODS, '/warm?wait=false')
  t.match(JSON.parse(known.body), {
    images: [{ state: 'ready' }, { state: 'failed', errors: [{ code: 'NAME_UNKNOWN' }] }],
  })
  const full = await post(appOf(t, slowRegistry(9, 0).registry), PODS, '/warm?wait=false')
  t.match(JSON.parse(full.body), { images: [{ state: 'waiting', errors: [{ message: /too much/ }] }, {}] })
})

async function listening(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

void t.test('the images of a client that left are not requested any more', async (t) => {
  const { registry, asked } = slowRegistry(1000, 0)
  const port = await listening(appOf(t, registry))
  const headers = { authorization: `Bearer ${TOKEN}` }
  const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/warm', headers })
  request.end(PODS)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await once(response, 'data')
  while ((asked.get(HASH) ?? 0) < 2) await setTimeout(50)
  request.on('error', () => undefined).destroy()
  // Two rounds, of a second each.
  await setTimeout(1100)
  const after = asked.get(HASH)
  await setTimeout(1100)
  t.equal(asked.get(HASH), after)
})

void t.test('a server that stops ends the lines in good order', async (t) => {
  const { registry } = slowRegistry(1000, 0)
  const app = appOf(t, registry)
  const port = await listening(app)
  const response = await fetch(`http://127.0.0.1:${port}/warm`, {
    method: 'POST',
    body: PODS,
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  const text = response.text()
  await setTimeout(200)
  await app.close()
  t.strictSame(linesOf(await text).at(-1), { state: 'done', ready: 0, failed: 0, waiting: 2, foreign: 1 })
})
