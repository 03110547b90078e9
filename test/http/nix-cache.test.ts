/** What the routes make of requests; what is behind them has tests of its own, and e2e/ has real clients. */
import { tokenAccess } from '../../src/http/access/access.ts'
import { openGate } from './open-gate.ts'
import Fastify from 'fastify'
import t from 'tap'
import { LoopbackTrust } from '../../src/http/access/loopback-trust.ts'
import { tokenOf } from '../../src/http/access/token.ts'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { base32Sha256 } from '../../src/core/oci/sha256.ts'
import { registerNixCache } from '../../src/http/nix-cache.ts'
import { bodiesFor } from '../../src/http/connection/request-bodies.ts'
import type { NixCache } from '../../src/nix-cache/nix-cache.ts'
import { sha256 } from '../support/nar.ts'

const TOKEN = 'f6a1c30b9d5e47a2'
const HASH = 'aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56'
const ARCHIVE = Buffer.from('archive '.repeat(1000))
const NAR = `nar/${HASH}-${base32Sha256(sha256(ARCHIVE))}.nar`
const UPLOAD = `nar/${base32Sha256(sha256(ARCHIVE))}.nar.xz`
const NARINFO = 'StorePath: …\n'

/** A cache with one path, that only the token may read. */
function makeApp(mode: 'read' | 'write', refusal?: RegistryError) {
  const taken: string[] = []
  const reader = {
    narinfo: async (hash: string, hasToken: boolean) => (hash === HASH && hasToken ? NARINFO : undefined),
    archive: async (hash: string, narHash: string, hasToken: boolean) =>
      hash === HASH && hasToken && narHash === sha256(ARCHIVE)
        ? {
            hash: narHash,
            size: ARCHIVE.length,
            read: async function* () {
              if (refusal !== undefined) throw refusal
              yield ARCHIVE
            },
          }
        : undefined,
  }
  const uploads = {
    has: ({ file }: { file: string }) => UPLOAD.endsWith(file),
    put: async (_name: unknown, body: AsyncIterable<Uint8Array>) => {
      for await (const chunk of body) taken.push(Buffer.from(chunk).toString())
    },
  }
  const importer = {
    import: async (_hash: string, text: string) => {
      if (refusal !== undefined) throw refusal
      taken.push(text)
    },
  }
  const writer = mode === 'write' ? { uploads, importer } : undefined
  const app = Fastify()
  const nixCache = { reader, writer, close: () => undefined } as unknown as NixCache
  const token = tokenOf(() => TOKEN)
  const loopback = new LoopbackTrust(false)
  const access = tokenAccess(token, loopback)
  registerNixCache(app, {
    nixCache,
    access,
    gate: openGate(access),
    compression: 'zstd',
    bodies: bodiesFor(access),
  })
  const ask = (method: 'GET' | 'HEAD' | 'PUT', file: string, token = '', payload?: string) =>
    app.inject({
      method,
      url: `/nix-cache/${file}`,
      headers: { authorization: `Bearer ${token}` },
      ...(payload === undefined ? {} : { payload }),
    })
  return { app, ask, taken }
}

void t.test('reading with the token and without', async (t) => {
  const { ask } = makeApp('write')
  for (const [file, type, body, isPublic] of [
    [
      'nix-cache-info',
      'text/x-nix-cache-info',
      'StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 50\n',
      true,
    ],
    ['/nix-cache-info', 'text/x-nix-cache-info', /^StoreDir/, true],
    [`${HASH}.narinfo`, 'text/x-nix-narinfo', NARINFO, false],
    [`${HASH}.narinfo?x=y`, 'text/x-nix-narinfo', NARINFO, false],
    [NAR, 'application/x-nix-nar', ARCHIVE.toString(), false],
  ] as const) {
    const got = await ask('GET', file, TOKEN)
    t.match(got, { statusCode: 200, headers: { 'content-type': type } }, file)
    t.match(got.body, body)
    const head = await ask('HEAD', file, TOKEN)
    t.match(head, { statusCode: 200, body: '', headers: { 'content-length': String(got.rawPayload.length) } })
    for (const method of ['GET', 'HEAD'] as const)
      t.equal((await ask(method, file)).statusCode, isPublic ? 200 : 404, `${file} without`)
  }
})

void t.test('absent resources', async (t) => {
  const { ask } = makeApp('write')
  for (const file of [
    '',
    `${'0'.repeat(32)}.narinfo`,
    `${HASH.toUpperCase()}.narinfo`,
    `x/${HASH}.narinfo`,
    `${HASH}.ls`,
    `nar/${HASH}-${base32Sha256(sha256('other'))}.nar`,
    'log/x.drv',
    '..%2f..%2fetc/passwd',
    'realisations/x.doi',
  ]) {
    const { statusCode, body } = await ask('GET', file, TOKEN)
    t.match({ statusCode, body }, { statusCode: 404, body: /^not here/ }, file)
  }
  t.equal((await ask('HEAD', UPLOAD, TOKEN)).statusCode, 200, 'an upload is known to who uploads')
  t.equal((await ask('HEAD', UPLOAD)).statusCode, 404)
  t.equal((await ask('GET', UPLOAD, TOKEN)).statusCode, 404, 'and not handed out')
})

void t.test('an archive is compressed on its way for who takes that', async (t) => {
  const { app } = makeApp('read')
  const headers = { authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'zstd, br' }
  const got = await app.inject({ url: `/nix-cache/${NAR}`, headers })
  t.equal(got.headers['content-encoding'], 'zstd')
  t.ok(got.rawPayload.length < ARCHIVE.length / 10)
  t.equal(got.headers['content-length'], undefined)
})

void t.test('writing', async (t) => {
  const { ask, taken } = makeApp('write')
  for (const token of ['', 'another']) {
    const refused = await ask('PUT', UPLOAD, token, 'x')
    t.match(refused, { statusCode: 401, body: /^this needs the token/ })
    t.match(refused.headers, { 'www-authenticate': /Basic/, 'content-type': /^text\/plain/ })
  }
  t.equal((await ask('PUT', UPLOAD, TOKEN, 'bytes')).statusCode, 200)
  t.equal((await ask('PUT', `${HASH}.narinfo`, TOKEN, NARINFO)).statusCode, 200)
  t.strictSame(taken, ['bytes', NARINFO])
  t.equal((await ask('PUT', `${HASH}.ls`, TOKEN, '{}')).statusCode, 200)
  for (const file of ['nix-cache-info', NAR, 'log/x', 'realisations/x.doi'])
    t.match(await ask('PUT', file, TOKEN, 'x'), { statusCode: 403, body: /^only archives/ }, file)
  t.match(await ask('PUT', `${HASH}.narinfo`, TOKEN, 'x'.repeat(2 ** 21)), { statusCode: 413 })
  t.strictSame(taken.length, 2)
})

void t.test('a cache that is only read from says so, whatever the token', async (t) => {
  const { ask } = makeApp('read')
  for (const token of ['', TOKEN]) {
    const refused = await ask('PUT', UPLOAD, token, 'x')
    t.match(refused, { statusCode: 405, headers: { allow: 'GET, HEAD' }, body: /--nix-cache read/ })
  }
})

void t.test('refusals are a line of text', async (t) => {
  for (const [kind, status, says] of [
    ['malformed', 400, /^why not\n$/],
    ['refused', 403, /^why not\n$/],
    ['too-large', 413, /^why not\n$/],
    ['pending', 429, /^why not\n$/],
    ['unavailable', 503, /^the registry cannot answer/],
    ['no-space', 503, /^why not\n$/],
  ] as const) {
    const { ask } = makeApp('write', new RegistryError(kind, 'why not'))
    const refused = await ask('PUT', `${HASH}.narinfo`, TOKEN, NARINFO)
    t.match(refused, { statusCode: status, body: says }, kind)
    t.match((await ask('GET', NAR, TOKEN)).statusCode, status, 'also where an archive should come')
  }
})
