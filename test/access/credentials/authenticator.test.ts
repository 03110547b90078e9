import { createHash, createHmac } from 'node:crypto'
import { hashSync } from 'bcryptjs'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Authenticator } from '../../../src/access/credentials/authenticator.ts'
import { readAccessFile, type AccessFile } from '../../../src/access/file/read-access-file.ts'
import { temporaryDirectory } from '../../support/scope.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const ISSUER = 'https://issuer.example.org'
const listener = { onChange: () => undefined, onTrouble: () => undefined }
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function authenticatorOf(t: Test, text: string, token?: () => string) {
  let file: AccessFile = readAccessFile(text, 'auth.yaml')
  let now = NOW
  const authenticator = new Authenticator({ file: () => file, token, listener, now: () => now })
  t.teardown(() => authenticator.close())
  return {
    authenticator,
    rewrite: (other: string) => (file = readAccessFile(other, 'auth.yaml')),
    wait: (ms: number) => (now += ms),
    bearer: (one: string) => authenticator.check({ kind: 'bearer', token: one }),
    basic: (user: string, password: string) => authenticator.check({ kind: 'basic', user, password }),
  }
}

void t.test('users and tokens', async (t) => {
  const { basic, bearer, authenticator, rewrite, wait } = authenticatorOf(
    t,
    usersWith('secret'),
    () => 'token-of-the-file!',
  )
  t.match(await basic('ci', 'secret'), { kind: 'right', subject: { name: 'user:ci', kind: 'user' } })
  t.match(await basic('ci', 'Secret'), { kind: 'wrong', reason: 'a wrong user or password' })
  t.match(await basic('nobody', 'secret'), { kind: 'wrong', reason: 'a wrong user or password' })
  t.match(await basic('old', 'secret'), { kind: 'wrong', reason: 'the user old has expired' })
  t.match(await basic('today', 'secret'), { kind: 'right' }, 'the last day counts')
  t.match(await basic('any', 'the-old-token-of-deploy'), { kind: 'right', subject: { name: 'token:deploy' } })
  t.match(await bearer('the-new-token-of-deploy'), { kind: 'right', subject: { name: 'token:deploy' } })
  t.match(await bearer('token-of-the-file!'), { kind: 'right', subject: { name: 'token:token-file' } })
  t.match(await bearer('another'), { kind: 'wrong', reason: 'an unknown token' })
  wait(86_400_000)
  t.match(await bearer('the-old-token-of-deploy'), { kind: 'wrong', reason: 'the token deploy has expired' })

  const found = await basic('ci', 'secret')
  if (found.kind !== 'right') return t.fail('ci is right')
  const issued = await authenticator.issue(found.subject, found.expiresAt)
  t.equal(issued.seconds, 300)
  t.match(await bearer(issued.token), {
    kind: 'right',
    subject: { name: 'user:ci', rights: new Set(['pull', 'warm']) },
  })
  wait(299_000)
  t.match(await bearer(issued.token), { kind: 'right' })
  wait(2_000)
  t.match(await bearer(issued.token), { kind: 'wrong', reason: 'a token that has expired' })

  const again = await authenticator.issue(found.subject, Infinity)
  rewrite(usersWith('another').replace('[pull, warm]', '[pull]'))
  t.match(await bearer(again.token), { subject: { rights: new Set(['pull']) } }, 'rights are those of now')
  t.match(await basic('ci', 'secret'), { kind: 'wrong' })
  rewrite('anonymous: []')
  t.match(await bearer(again.token), { kind: 'wrong', reason: /no subject any more/ })
})

void t.test('replicas that share a key take each other\u2019s tokens', async (t) => {
  const key = join(await temporaryDirectory(t, 'key'), 'key')
  await writeFile(key, 'x'.repeat(40))
  const text = `anonymous: [pull]\nsigning: {keyFile: ${key}, seconds: 60}`
  const [one, other, alone] = [
    authenticatorOf(t, text),
    authenticatorOf(t, text),
    authenticatorOf(t, 'anonymous: [pull]'),
  ]
  const { token, seconds } = await one.authenticator.issue(one.authenticator.anonymous(false), Infinity)
  t.equal(seconds, 60)
  t.match(await other.bearer(token), { kind: 'right', subject: { kind: 'anonymous' } })
  t.match(await alone.bearer(token), { kind: 'wrong' })
})

void t.test('tokens of issuers', async (t) => {
  const directory = await temporaryDirectory(t, 'jwks')
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const other = await generateKeyPair('RS256')
  const jwks = join(directory, 'jwks.json')
  await writeFile(
    jwks,
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }),
  )
  const { bearer, basic } = authenticatorOf(
    t,
    `issuers:
  - {issuer: ${ISSUER}, audience: pushless, jwks: ${jwks}, claims: {sub: "system:serviceaccount:team-a:*"}, rights: [pull]}
  - {issuer: ${ISSUER}, audience: pushless, jwks: ${jwks}, claims: {groups: admins}, rights: [admin]}
`,
  )
  const at = NOW / 1000
  const make = async (
    claims: { readonly [name: string]: unknown } = {},
    key = privateKey,
    header: object = {},
  ) =>
    new SignJWT({
      iss: ISSUER,
      aud: 'pushless',
      sub: 'system:serviceaccount:team-a:default',
      iat: at,
      exp: at + 600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'k', ...header })
      .sign(key)
  const claims = { iss: ISSUER, aud: 'pushless', sub: 'system:serviceaccount:team-a:x', exp: at + 600 }
  const unsigned = `${part({ alg: 'none' })}.${part(claims)}.`
  // Signed with the public key as if it were a shared secret.
  const text = `${part({ alg: 'HS256', kid: 'k' })}.${part(claims)}`
  const confused = `${text}.${createHmac('sha256', await exportSPKI(publicKey))
    .update(text)
    .digest('base64url')}`
  const [head = '', , end = ''] = (await make()).split('.')

  const right = await bearer(await make())
  t.match(right, {
    kind: 'right',
    subject: { kind: 'service-account', name: 'service-account:team-a/default' },
  })
  t.match(await basic('<token>', await make()), { kind: 'right' }, 'as a password')
  t.match(await bearer(await make({ sub: 'me', groups: ['users', 'admins'] })), {
    kind: 'right',
    subject: { kind: 'oidc', name: `oidc:${ISSUER}#me`, rights: new Set(['admin']) },
  })
  t.match(await bearer(await make({ aud: ['other', 'pushless'] })), { kind: 'right' })
  t.match(await bearer(await make({ exp: at - 10 })), { kind: 'right' }, 'clocks may differ')
  for (const [what, token] of [
    ['of another namespace', await make({ sub: 'system:serviceaccount:team-ab:default' })],
    ['for another audience', await make({ aud: 'other' })],
    ['without an audience', await make({ aud: undefined })],
    ['that has expired', await make({ exp: at - 60 })],
    ['that never expires', await make({ exp: undefined })],
    ['that does not count yet', await make({ nbf: at + 120 })],
    ['of an unknown issuer', await make({ iss: 'https://evil.example.org' })],
    ['without an issuer', await make({ iss: undefined })],
    ['of another key', await make({}, other.privateKey)],
    ['of an unknown key', await make({}, privateKey, { kid: 'unknown' })],
    ['without a signature', unsigned],
    ['signed with the public key', confused],
    ['with other claims', `${head}.${part(claims)}.${end}`],
    ['that is cut', (await make()).slice(0, -4)],
    ['that is none', 'a.b.c'],
  ] as const)
    t.match(await bearer(token), { kind: 'wrong' }, `a token ${what}`)
})

void t.test('keys of a URL are found by discovery, and rotate', async (t) => {
  const keys = [await generateKeyPair('ES256'), await generateKeyPair('ES256')] as const
  const served = async () =>
    Promise.all(
      keys.map(async ({ publicKey }, i) => ({
        ...(await exportJWK(publicKey)),
        kid: String(i),
        alg: 'ES256',
      })),
    )
  const all = await served()
  let shown = all.slice(0, 1)
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    if (request.url === '/.well-known/openid-configuration')
      response.end(JSON.stringify({ jwks_uri: `${url}/keys` }))
    else response.end(JSON.stringify({ keys: shown }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { bearer } = authenticatorOf(
    t,
    `issuers: [{issuer: "${issuer}", audience: pushless, rights: [pull]}]`,
  )
  const make = async (i: 0 | 1) =>
    new SignJWT({ iss: issuer, aud: 'pushless', sub: 'me', exp: NOW / 1000 + 600 })
      .setProtectedHeader({ alg: 'ES256', kid: String(i) })
      .sign(keys[i].privateKey)
  t.match(await bearer(await make(0)), { kind: 'right' })
  t.match(await bearer(await make(0)), { kind: 'right' })
  t.equal(asked, 2, 'keys are kept')
  for (let i = 0; i < 20; i++) t.match(await bearer(await make(1)), { kind: 'wrong' })
  t.ok(asked <= 3, 'unknown keys make no storm of requests')
  shown = all
  server.closeAllConnections()
})

void t.test('certificates', async (t) => {
  const { authenticator } = authenticatorOf(
    t,
    'certificates: [{subject: "CN=node-*, O=nodes", rights: [pull]}]',
  )
  t.match(authenticator.certificateSubject('CN=node-1, O=nodes'), { name: 'certificate:CN=node-1, O=nodes' })
  t.equal(authenticator.certificateSubject('CN=node-1, O=other'), undefined)
  t.same(authenticator.anonymous(true).rights, new Set(['pull']), 'loopback')
  t.same(authenticator.anonymous(false).rights, new Set())
})

function usersWith(password: string): string {
  return `
users:
  - {name: ci, password: ${hashSync(password, 4)}, rights: [pull, warm]}
  - {name: old, password: ${hashSync('secret', 4)}, rights: [pull], expires: 2026-05-31}
  - {name: today, password: ${hashSync('secret', 4)}, rights: [pull], expires: 2026-06-01}
tokens:
  - {name: deploy, sha256: ${sha256('the-old-token-of-deploy')}, rights: [import], expires: 2026-06-02T00:00:00Z}
  - {name: deploy, sha256: ${sha256('the-new-token-of-deploy')}, rights: [import]}
`
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
