/** Paths that aren't there yet: fetched from a cache, or built from a derivation, once, whoever waits or leaves. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest, refusal, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'
import { serveCache } from '../support/binary-cache.ts'
import { fixture, nixEnv, nixInstantiate, nixStore, shape } from '../support/nix.ts'
import { startPushless, type LogLine } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { startSocketDaemon } from '../support/socket-daemon.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const SHAPES = fixture('shapes.nix')

void t.test('a path that only a binary cache has', { skip: missing('nix') }, async (t) => {
  const path = await shape('slow', ['--argstr', 'salt', `cache-${process.pid}`, '--arg', 'seconds', '0'])
  const hash = await nixStore('--query', '--hash', path)
  const directory = await temporaryDirectory(t, 'cache')
  await execa('nix', ['copy', '--to', `file://${directory}`, path], { env: nixEnv })
  const { url: served } = await serveCache(t, directory)
  for (const substituter of [`file://${directory}`, served]) {
    await t.test(substituter.replace(/:.*/, ''), async (t) => {
      await forget(path)
      const server = await startPushless(t, {
        args: ['--serve-packages'],
        env: await nixConf(t, substituter),
      })
      const blobs = await pullAll(server.url, path)
      t.ok(blobs.size > 1, 'is fetched, and every blob is right')
      t.ok(server.logs.some(({ kind }) => kind === 'substituting'))
      t.same(
        await nixStore('--query', '--hash', path),
        hash,
        'and the path is valid, with the contents it had',
      )
      await server.stop()
    })
  }
  await t.test('a cache that serves other bytes', async (t) => {
    await forget(path)
    const { url: broken } = await serveCache(t, directory, ({ url, bytes }, response) =>
      url.includes('/nar/') ? void response.end(bytes.toReversed()) : 'as usual',
    )
    const server = await startPushless(t, { args: ['--serve-packages'], env: await nixConf(t, broken) })
    const got = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
    t.same({ status: got.status, reason: got.reason }, { status: 500, reason: 'nix fetch failed: slow' })
    t.equal(typeof got.detail['reason'], 'string', 'and says why')
  })
})

void t.test('a derivation that was never built', { skip: missing('nix') }, async (t) => {
  await t.test('by the path of its output, and by its own', async (t) => {
    for (const by of ['output', 'derivation']) {
      const drv = await slowDerivation(`${by}-${process.pid}`, 0)
      const [output = ''] = await nixStore('--query', '--outputs', drv)
      const server = await sharedPushless('--serve-packages')
      t.ok((await pullAll(server.url, by === 'output' ? output : drv)).size > 1, `by its ${by}`)
      t.match(await readFile(join(output, 'salt'), 'utf8'), by)
      t.equal(
        (await pullManifest(server.url, output)).digest,
        (await pullManifest(server.url, drv)).digest,
        'the same image',
      )
    }
  })

  await t.test('is built once for all who ask at once', async (t) => {
    const drv = await slowDerivation(`shared-${process.pid}`, 2)
    const [output = ''] = await nixStore('--query', '--outputs', drv)
    const server = await startPushless(t, { args: ['--serve-packages', '--log-level', 'debug'] })
    const asked = Array.from({ length: 20 }, (_, i) => pullManifest(server.url, i % 2 === 0 ? output : drv))
    const digests = new Set((await Promise.all(asked)).map(({ digest }) => digest))
    t.equal(digests.size, 1)
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
    const lines = server.logs.filter(({ msg }) => msg === 'nix log').map(({ line }) => line)
    t.same(lines, ['slow line 1 of 2', 'slow line 2 of 2'], 'its log arrives line by line')
  })

  await t.test('goes on when its client leaves', async (t) => {
    const drv = await slowDerivation(`left-${process.pid}`, 2)
    const server = await sharedPushless('--serve-packages')
    const client = new AbortController()
    const asked = fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`, { signal: client.signal })
    await until(() => server.logs.find(({ kind }) => kind === 'building'))
    client.abort()
    await t.rejects(asked)
    await until(() => server.logs.find(({ msg }) => msg === 'image ready'))
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
  })

  await t.test('is waited for as long as the hold, then 429, and the work goes on', async (t) => {
    const drv = await slowDerivation(`held-${process.pid}`, 4)
    const server = await startPushless(t, { args: ['--serve-packages', '--hold', '1'] })
    const start = performance.now()
    const response = await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
    const ms = performance.now() - start
    // The build takes four seconds.
    t.ok(ms >= 1000 && ms < 4000, `held for ${Math.round(ms)} ms`)
    t.match(response.headers.get('retry-after'), /^[1-9][0-9]*$/)
    t.match(await refusal(response), { status: 429, code: 'TOOMANYREQUESTS' })
    await until(async () =>
      (await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)).status === 200 ? true : undefined,
    )
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
  })

  await t.test('fails with the last lines of its log, and is not tried again at once', async (t) => {
    const drv = await nixInstantiate(SHAPES, ['-A', 'fails', '--argstr', 'salt', `fails-${process.pid}`])
    const server = await sharedPushless('--serve-packages')
    for (const attempt of [1, 2]) {
      const got = await refusal(await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`))
      t.match(got, {
        status: 500,
        reason: 'nix build failed: fails: exit code 1',
        code: 'UNKNOWN',
        message: /^nix build failed: .*exit code 1/,
      })
      t.match(
        got.detail,
        { derivation: drv, log: ['failing line 1', 'failing line 2', 'failing line 3'] },
        `attempt ${attempt}`,
      )
    }
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, 1)
  })
})

void t.test('a build that takes too long or hangs', { skip: missing('nix') }, async (t) => {
  for (const [flag, says] of [
    ['--work-time', /^nix build took longer than 2 s/],
    ['--silent-time', /^nix build said nothing for 2 s/],
  ] as const) {
    const expression = join(await temporaryDirectory(t, 'hang'), 'hang.nix')
    const mark = `hang-${flag.slice(2)}-${process.pid}`
    await writeFile(
      expression,
      `derivation { name = "${mark}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo begun; exec sleep 1000.${process.pid}" ]; PATH = "/usr/bin:/bin"; }`,
    )
    const server = await startPushless(t, { args: ['--serve-packages', flag, '2'] })
    const got = await refusal(
      await fetch(`${repositoryUrl(server.url, await nixInstantiate(expression))}/manifests/nix`),
    )
    t.match(got, {
      status: 500,
      reason: /^nix build failed: hang-.* 2 s$/,
      message: says,
      detail: { log: ['begun'] },
    })
    await until(async () => {
      const { stdout } = await execa('ps', ['-eo', 'args='])
      return stdout.includes(`sleep 1000.${process.pid}`) ? undefined : true
    })
    t.pass('and its builder is gone')
  }
})

void t.test('Nix stopped, restarted or killed', { skip: missing('nix') }, async (t) => {
  await t.test('killed in mid-build: an answer, and the next pull builds', async (t) => {
    const drv = await slowDerivation(`killed-${process.pid}`, 3)
    const server = await startPushless(t, { args: ['--serve-packages'] })
    const asked = fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
    await until(() => server.logs.find(({ kind }) => kind === 'building'))
    for (const pid of await childrenOf(server.pid)) process.kill(pid, 'SIGKILL')
    const response = await asked
    t.match(response.headers.get('retry-after'), /^[0-9]+$/)
    t.match(await refusal(response), { status: 503, code: 'UNKNOWN' })
    t.match((await pullManifest(server.url, drv)).digest, /^sha256:/)
  })

  await t.test('not there: 503 with a reason in the log, and service once it is', async (t) => {
    const path = await shape('one')
    const directory = await temporaryDirectory(t, 'daemon')
    const socket = join(directory, 'socket')
    const server = await startPushless(t, { args: ['--serve-packages', '--nix', `unix:${socket}`] })
    const manifest = `${repositoryUrl(server.url, path)}/manifests/nix`
    t.match(await refusal(await fetch(manifest)), { status: 503, message: /log says why/ })
    t.equal((await fetch(`${server.url}/readyz`)).status, 503)
    t.equal((await fetch(`${server.url}/healthz`)).status, 200)
    const reason = await until(() =>
      server.logs.find((line: LogLine) => line['reason'] === 'Nix is not reachable'),
    )
    t.match(JSON.stringify(reason), /there is no such socket/)
    for (const round of [1, 2]) {
      const daemon = await startSocketDaemon(t, socket)
      await until(async () => ((await fetch(manifest)).status === 200 ? true : undefined))
      t.equal((await fetch(`${server.url}/readyz`)).status, 200, `daemon ${round} answers through its socket`)
      await daemon.stop()
    }
  })
})

async function slowDerivation(salt: string, seconds: number): Promise<string> {
  return nixInstantiate(SHAPES, ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', String(seconds)])
}

/** Makes a path invalid, as a machine that never had it. */
async function forget(path: string): Promise<void> {
  await nixStore('--delete', '--ignore-liveness', path)
}

/** Settings with one substituter, and no memory of what it didn't have a moment ago. */
async function nixConf(scope: Scope, substituter: string): Promise<Record<string, string>> {
  const directory = await temporaryDirectory(scope, 'nix-conf')
  const lines = [
    `substituters = ${substituter}`,
    'require-sigs = false',
    'sandbox = false',
    'build-users-group =',
    'narinfo-cache-negative-ttl = 0',
  ]
  await writeFile(join(directory, 'nix.conf'), `${lines.join('\n')}\n`)
  return { NIX_CONF_DIR: directory, XDG_CACHE_HOME: directory, HOME: directory }
}
