/** Credentials with real clients: podman, skopeo and containerd log in, and what nobody may pull looks the same. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { TOKEN, ask, basic, startGuarded } from './auth-server.ts'
import { imageName, repositoryUrl } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { busybox } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'

const ABSENT = 'nix/store/00000000000000000000000000000000-nothing'
const skip = missing('nix', 'podman', 'skopeo', 'containerd', 'root')

async function accountToken(key: CryptoKey, sub = 'system:serviceaccount:team-a:default') {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'first' })
    .setIssuer('https://kubernetes.default.svc')
    .setAudience('pushless')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key)
}

void t.test('clients log in', { skip }, async (t) => {
  const name = imageName(await busybox())
  const { server, key } = await startGuarded(t)
  const { url } = server

  // containers/image sends --creds to the registry of the name alone, and not to where registries.conf says that it is.
  const host = new URL(url).host
  const authFile = async (t: Test, creds: string) => {
    const file = join(await temporaryDirectory(t, 'auth-file'), 'auth.json')
    await writeFile(
      file,
      JSON.stringify({ auths: { [host]: { auth: Buffer.from(creds).toString('base64') } } }),
    )
    return file
  }

  await t.test('podman', async (t) => {
    const client = await podmanFor(t, url)
    t.match(await client.podman('pull', name), {
      exitCode: 125,
      stderr: /authentication required|unauthorized/,
    })
    const login = async (password: string, file: string) =>
      client.podman('login', '--authfile', file, '--tls-verify=false', '-u', 'ci', '-p', password, host)
    const file = join(await temporaryDirectory(t, 'podman-login'), 'auth.json')
    t.match(await login('wrong', file), { exitCode: 125 })
    t.match(await login('secret', file), { exitCode: 0 })
    const pulled = await client.podman('pull', '--authfile', file, name)
    t.equal(pulled.exitCode, 0, pulled.stderr)
  })

  await t.test('skopeo, with a password, a token as password, and a ServiceAccount', async (t) => {
    const pull = async (creds: string) =>
      copyToDir(t, name, url, ['--src-authfile', await authFile(t, creds)])
    for (const creds of ['ci:secret', `any:${TOKEN}`, `<token>:${await accountToken(key)}`])
      t.ok(await pull(creds))
    await t.rejects(copyToDir(t, name, url), /unauthorized/)
    await t.rejects(pull('nobody:no-right'), /manifest unknown|name unknown|no such store path/i)
    const other = await accountToken(key, 'system:serviceaccount:team-b:default')
    await t.rejects(pull(`<token>:${other}`), /unauthorized|invalid username/)
  })

  await t.test('containerd', async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(url)
    t.match(await containerd.pull(name), { exitCode: 1, stderr: /401|authorization|no basic auth/ })
    t.match(await containerd.pull(name, ['--user', 'ci:wrong']), { exitCode: 1 })
    t.match(await containerd.pull(name, ['--user', 'ci:secret']), { exitCode: 0 })
  })
})

void t.test(
  'without credentials, what is there looks like what is not',
  { skip: missing('nix') },
  async (t) => {
    const path = await busybox()
    const { server } = await startGuarded(t)
    const there = repositoryUrl(server.url, path)
    const absent = `${server.url}/v2/${ABSENT}`
    const blank = (text: string) =>
      text
        .replaceAll(path.slice('/nix/store/'.length), 'X')
        .replaceAll(ABSENT.slice('nix/store/'.length), 'X')
    for (const [who, authorization, status] of [
      ['nobody', undefined, 401],
      ['a wrong password', basic('ci', 'guess'), 401],
      ['a user without the right', basic('nobody', 'no-right'), 404],
    ] as const)
      for (const end of [
        '/manifests/nix',
        `/blobs/sha256:${'0'.repeat(64)}`,
        '/tags/list',
        `/referrers/sha256:${'0'.repeat(64)}`,
      ]) {
        const [one, other] = [await ask(there + end, authorization), await ask(absent + end, authorization)]
        t.equal(one.status, status, `${who} ${end}`)
        t.equal(blank(JSON.stringify(one)), blank(JSON.stringify(other)), `${who} ${end}`)
      }
    t.match((await ask(`${server.url}/v2/`)).headers, {
      'www-authenticate': `Bearer realm="${server.url}/token",service="pushless"`,
    })
    t.equal((await ask(`${server.url}/healthz`)).status, 200, 'probes need none')
    t.equal((await ask(`${server.url}/warm`, basic('x', TOKEN))).status, 404, 'only POST is there')
    t.equal(
      (
        await fetch(`${server.url}/warm`, {
          method: 'POST',
          body: '',
          headers: { authorization: basic('ci', 'secret') },
        })
      ).status,
      403,
    )
  },
)

void t.test('credentials rotate while clients pull', { skip: missing('nix') }, async (t) => {
  const { server, rewrite, auth, jwks, key } = await startGuarded(t)
  const manifest = `${repositoryUrl(server.url, await busybox())}/manifests/nix`
  const status = async (authorization: string) => (await ask(manifest, authorization)).status
  t.equal(await status(basic('ci', 'secret')), 200)
  let failures = 0
  const over = new AbortController()
  const pulls = (async () => {
    while (!over.signal.aborted) if ((await status(basic('x', TOKEN))) !== 200) failures += 1
  })()
  await rewrite(auth('another'))
  t.equal(await status(basic('ci', 'secret')), 401, 'the old password ends at once')
  t.equal(await status(basic('ci', 'another')), 200)
  await rewrite('users: [')
  t.equal(await status(basic('ci', 'another')), 200, 'a broken file keeps the last good one')
  t.match(
    server.logs.filter(({ level }) => level === 50),
    [{ msg: /^auth file not read/ }],
  )
  await rewrite(auth('third'))
  t.equal(await status(basic('ci', 'third')), 200)

  const account = await accountToken(key)
  t.equal(await status(`Bearer ${account}`), 200)
  const next = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(next.publicKey)), kid: 'first', alg: 'RS256' }
  await writeFile(jwks, JSON.stringify({ keys: [jwk] }))
  t.equal(await status(`Bearer ${account}`), 401, 'a key that was withdrawn')
  t.equal(await status(`Bearer ${await accountToken(next.privateKey)}`), 200)
  over.abort()
  await pulls
  t.equal(failures, 0)
})

void t.test('a file that can\u2019t be used is told at the start', async (t) => {
  const directory = await temporaryDirectory(t, 'auth')
  const file = join(directory, 'auth.yaml')
  const main = new URL('../../dist/main.js', import.meta.url).pathname
  const start = async (text: string, mode = 0o600) => {
    await writeFile(file, text, { mode })
    await execa('chmod', [mode.toString(8), file])
    return execa(
      process.execPath,
      [main, 'serve', '--auth', file, '--state', directory, '--listen', '127.0.0.1:0'],
      { reject: false, timeout: 20_000 },
    )
  }
  t.match(
    (await start('users:\n  - {name: a, pasword: x, rights: [pull]}\n')).all ??
      (await start('users:\n  - {name: a, pasword: x, rights: [pull]}\n')).stderr,
    /auth\.yaml:2:\d+: users\.0\.pasword is unknown, did you mean password\?/,
  )
  t.match((await start('anonymous: [pull]\n', 0o622)).stderr, /lets other users write it/)
})
