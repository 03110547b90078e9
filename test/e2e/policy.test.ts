/** What may be fetched, built and served at all: refused before any work, and without saying more than "not here". */
import { join } from 'node:path'
import { readdir, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture, nixEnv, nixInstantiate, nixStore, shape } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const SHAPES = fixture('shapes.nix')

async function unbuilt(salt: string): Promise<string> {
  return nixInstantiate(SHAPES, [
    '-A',
    'slow',
    '--argstr',
    'salt',
    `${salt}-${process.pid}`,
    '--arg',
    'seconds',
    '0',
  ])
}

async function answer(server: Pick<Pushless, 'url'>, path: string) {
  return refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
}

/** Denied as if it weren't there, and the operator's log says why. */
async function isDenied(t: Test, server: Pushless, path: string, why: RegExp): Promise<void> {
  t.match(await answer(server, path), {
    status: 404,
    code: 'NAME_UNKNOWN',
    message: 'no such store path',
    detail: {},
  })
  const line = await until(() => server.logs.find(({ kind }) => kind === 'denied'))
  t.match(line['reason'], why)
  t.notOk(server.logs.some(({ kind }) => kind === 'building' || kind === 'substituting'))
}

void t.test('builds', { skip: missing('nix') }, async (t) => {
  await t.test('are for loopback', async () => {
    const server = await sharedPushless('--serve-packages')
    await pullManifest(server.url, await unbuilt('loopback'))
  })
  await t.test('and elsewhere for who allows them', async (t) => {
    const drv = await unbuilt('elsewhere')
    const closed = await startPushless(t, {
      args: ['--serve-packages', '--anonymous-pull'],
      listen: '0.0.0.0:0',
    })
    const local = { ...closed, url: closed.url.replace(/\/\/[^:]+/, '//127.0.0.1') }
    await isDenied(t, local, drv, /--allow-builds/)
    t.match(
      await pullManifest(local.url, await shape('one')),
      { digest: /^sha256:/ },
      'what is there is served',
    )
    const open = await startPushless(t, {
      args: ['--serve-packages', '--allow-builds', '--anonymous-pull'],
      listen: '0.0.0.0:0',
    })
    await pullManifest(open.url.replace(/\/\/[^:]+/, '//127.0.0.1'), drv)
  })
  await t.test('or for nobody', async (t) => {
    const server = await startPushless(t, {
      args: ['--serve-packages'],
      env: { PUSHLESS_ALLOW_BUILDS: 'off' },
    })
    await isDenied(t, server, await unbuilt('nobody'), /--allow-builds/)
  })
})

void t.test('names', { skip: missing('nix') }, async (t) => {
  for (const [flag, why] of [
    [['--allow-names', 'web-* db'], /name slow matches nothing of --allow-names/],
    [['--deny-names', 'x sl?w*'], /name slow matches sl\?w\* of --deny-names/],
  ] as const) {
    const server = await startPushless(t, { args: ['--serve-packages', ...flag] })
    await isDenied(t, server, await unbuilt('names'), why)
  }
  const server = await startPushless(t, {
    args: ['--serve-packages', '--allow-names', 'slo*', '--deny-names', 'x*'],
  })
  await pullManifest(server.url, await unbuilt('names'))
})

void t.test('systems', { skip: missing('nix') }, async (t) => {
  const expression = join(await temporaryDirectory(t, 'systems'), 'foreign.nix')
  const mark = `foreign-${process.pid}`
  await writeFile(
    expression,
    `let make = name: system: text: derivation { inherit name system; builder = "/bin/sh"; args = [ "-c" "echo \${text} > $out" ]; };
     in make "${mark}" "riscv64-linux" (make "${mark}-dependency" builtins.currentSystem "x")`,
  )
  const drv = await nixInstantiate(expression)
  const { stdout: system } = await execa(
    'nix-instantiate',
    ['--eval', '--raw', '--expr', 'builtins.currentSystem'],
    {
      env: nixEnv,
      reject: false,
    },
  ).then(async (result) =>
    result.failed ? { stdout: process.arch === 'arm64' ? 'aarch64-linux' : 'x86_64-linux' } : result,
  )
  await t.test('known: fails before anything is built', async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages', '--systems', system] })
    t.match(await answer(server, drv), {
      status: 500,
      reason: /^nix build failed/,
      message: new RegExp(`no builder for riscv64-linux, which ${mark} needs; there are some for ${system}`),
    })
    t.notOk(server.logs.some(({ kind }) => kind === 'building'))
    await pullManifest(server.url, await unbuilt('systems'))
  })
  await t.test('not said: Nix says so itself', async (t) => {
    const server = await sharedPushless('--serve-packages')
    t.match(await answer(server, drv), { status: 500, message: /riscv64-linux/ })
  })
})

void t.test('fetches and signatures', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'signed-cache')
  const path = await shape('slow', ['--argstr', 'salt', `signed-${process.pid}`, '--arg', 'seconds', '0'])
  const cache = join(directory, 'cache')
  const secret = join(directory, 'secret')
  const { stdout } = await execa('nix', ['key', 'generate-secret', '--key-name', 'cache-1'], { env: nixEnv })
  await writeFile(secret, stdout)
  const { stdout: key } = await execa('nix', ['key', 'convert-secret-to-public'], {
    env: nixEnv,
    input: stdout,
  })
  await execa('nix', ['copy', '--to', `file://${cache}?secret-key=${secret}`, path], { env: nixEnv })
  const env = { ...(await nixConf(t, `file://${cache}`)) }

  await t.test('none where they are denied', async (t) => {
    await nixStore('--delete', '--ignore-liveness', path)
    const server = await startPushless(t, { args: ['--serve-packages', '--deny-fetches'], env })
    await isDenied(t, server, path, /fetches are not allowed/)
  })
  await t.test('with a signature that is asked for', async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages', '--require-keys', key], env })
    await pullManifest(server.url, path)
  })
  await t.test('with another one', async (t) => {
    const other = `cache-2:${key.replace(/.*:/, '')}`
    const server = await startPushless(t, { args: ['--serve-packages', '--require-keys', other], env })
    t.match(await answer(server, path), { status: 404, message: 'no such store path' })
    const line = await until(() => server.logs.find(({ kind }) => kind === 'denied'))
    t.match(line['reason'], /has no signature by cache-2/)
    await pullManifest(server.url, await unbuilt('signatures'))
    t.pass('what was built here needs none')
  })
  await t.test('no archive is unpacked before its signature is there', async (t) => {
    const args = ['--argstr', 'compressor', 'gz', '--argstr', 'name', `signed-${process.pid}`]
    const derivation = await nixInstantiate(fixture('docker-archives.nix'), [
      '-A',
      'buildLayeredImage',
      ...args,
    ])
    const [archive = ''] = await nixStore('--realise', derivation)
    await execa('nix', ['copy', '--to', `file://${cache}?secret-key=${secret}`, archive], { env: nixEnv })
    await nixStore('--delete', '--ignore-liveness', archive)
    for (const [name, isSigned] of [
      [`cache-2:${key.replace(/.*:/, '')}`, false],
      [key, true],
    ] as const) {
      const server = await startPushless(t, { args: ['--require-keys', name], env })
      const { status } = await fetch(`${repositoryUrl(server.url, archive)}/manifests/nix`)
      t.equal(status, isSigned ? 200 : 404, name)
      t.equal((await readdir(join(server.state, 'unpacked'))).length, isSigned ? 1 : 0, name)
    }
  })
  await t.test('a key that is none ends the start', async (t) => {
    await t.rejects(startPushless(t, { args: ['--require-keys', 'cache-1:abc'] }), /cache-1:abc is no key/)
  })
})

/** A nix.conf of this test's own, which trusts the cache. */
async function nixConf(scope: Scope, substituter: string): Promise<{ NIX_CONF_DIR: string }> {
  const directory = await temporaryDirectory(scope, 'nix-conf')
  await writeFile(
    join(directory, 'nix.conf'),
    `substituters = ${substituter}\nrequire-sigs = false\nexperimental-features = nix-command\nsandbox = false\nbuild-users-group =\n`,
  )
  return { NIX_CONF_DIR: directory }
}
