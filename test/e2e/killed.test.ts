/** The registry killed without warning, and started again in the same place: containerd's pull goes on by itself. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest } from './client.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'
import { startContainerd } from '../support/containerd.ts'
import { busybox, fixture, nixEnv, nixInstantiate, nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix', 'containerd', 'root')
/** Large enough that it is still on its way when the registry is killed. */
const BIG = 96 * 1024 * 1024

void t.test('killed in mid-build', { skip }, async (t) => {
  const salt = `registry-killed-${process.pid}`
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', '4']
  const drv = await nixInstantiate(fixture('shapes.nix'), args)
  const [output = ''] = await nixStore('--query', '--outputs', drv)
  const first = await startPushless(t, { args: ['--serve-packages'] })
  const containerd = await startContainerd(t)
  // What is started again has the same address.
  await containerd.hostsDir(first.url)
  const pulling = containerd.pull(imageName(output))
  await until(() => first.logs.find(({ kind }) => kind === 'building'))
  const builders = await childrenOf(first.pid)
  t.ok(builders.length > 2, 'a daemon for each connection, and the builder')
  first.kill('SIGKILL')
  await first.exited
  const second = await startPushless(t, {
    args: ['--serve-packages'],
    state: first.state,
    listen: `127.0.0.1:${first.port}`,
  })
  await until(async () => ((await alive(builders)).length === 0 ? true : undefined))
  t.pass('the processes of its build end with it')
  // A connection that is cut is an answer to some versions; kubelet asks again.
  const pulled = await pulling
  t.comment(`containerd's own pull: exit code ${pulled.exitCode} ${pulled.stderr.split('\n').at(-1)}`)
  if (pulled.exitCode !== 0) t.match(await containerd.pull(imageName(output)), { exitCode: 0 })
  await stateIsRight(t, second, output)
})

void t.test('killed in mid-pull', { skip }, async (t) => {
  const path = await bigPath(t)
  const first = await startPushless(t, { args: ['--serve-packages'] })
  const containerd = await startContainerd(t)
  await containerd.hostsDir(first.url)
  const { manifest } = await pullManifest(first.url, path)
  t.ok(manifest.layers.some(({ size }) => size > BIG))
  const pulling = containerd.pull(imageName(path))
  await until(async () =>
    (await containerd.ctr('content', 'active')).stdout.includes('layer-') ? true : undefined,
  )
  first.kill('SIGKILL')
  await first.exited
  const second = await startPushless(t, {
    args: ['--serve-packages'],
    state: first.state,
    listen: `127.0.0.1:${first.port}`,
  })
  const pulled = await pulling
  t.comment(`containerd's own pull: exit code ${pulled.exitCode} ${pulled.stderr.split('\n').at(-1)}`)
  if (pulled.exitCode !== 0) t.match(await containerd.pull(imageName(path)), { exitCode: 0 })
  const ran = await containerd.run(imageName(path), [`${path}/bin/sh`, '-c', `sha256sum ${path}/big`])
  t.equal(ran.stdout.split(' ')[0], (await execa('sha256sum', [join(path, 'big')])).stdout.split(' ')[0])
  await stateIsRight(t, second, path)
})

/** What the killed one wrote down is whole, and true. */
async function stateIsRight(t: Test, server: Pushless, path: string): Promise<void> {
  const fresh = await startPushless(t, { args: ['--serve-packages'] })
  t.equal((await pullManifest(server.url, path)).digest, (await pullManifest(fresh.url, path)).digest)
  await server.stop()
  const database = new DatabaseSync(join(server.state, 'index.sqlite'))
  t.same(
    database
      .prepare('PRAGMA quick_check')
      .all()
      .map((row) => ({ ...row })),
    [{ quick_check: 'ok' }],
  )
  database.close()
}

/** A path with a shell and one big file, which nobody has. */
async function bigPath(t: Test): Promise<string> {
  const shell = await busybox()
  const expression = `derivation {
    name = "big-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    args = [ "-euc" "mkdir -p $out/bin; ln -s ${shell}/bin/busybox $out/bin/sh; ln -s ${shell}/bin/busybox $out/bin/sha256sum; yes ${process.pid} | head -c ${BIG} > $out/big" ];
    shell = builtins.storePath ${shell};
  }`
  const { stdout: path } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
  t.teardown(async () => {
    await execa('nix-store', ['--delete', path], { env: nixEnv, reject: false })
  })
  return path
}

async function alive(pids: readonly number[]): Promise<readonly number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,stat='])
  const running = new Set(
    stdout.split('\n').flatMap((line) => {
      const [pid, state = ''] = line.trim().split(/\s+/)
      return state.startsWith('Z') ? [] : [Number(pid)]
    }),
  )
  return pids.filter((pid) => running.has(pid))
}
