/**
 * The helpers, proved against the reference registry: when a test of pushless fails, it isn't these that are wrong.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { registryWithBusybox } from './busybox-registry.ts'
import { startContainerd } from './containerd.ts'
import { startDaemon } from './daemon.ts'
import { podmanFor } from './podman.ts'
import { missing } from './requirement.ts'
import { scoped, temporaryDirectory } from './scope.ts'
import { copyToDir } from './skopeo.ts'

const sh = (script: string) => ({ command: ['sh', '-c', script] as const, ready: () => undefined })

void t.test(
  'containerd pulls, runs and removes',
  { skip: missing('nix', 'containerd', 'skopeo', 'docker-registry', 'root') },
  async (t) => {
    const { path, registry, reference } = await registryWithBusybox(t)
    const containerd = await startContainerd(t)
    await containerd.hostsDir(registry.url)
    t.match(await containerd.pull(reference), { exitCode: 0 })
    t.match(await containerd.run(reference), { stdout: 'hello', exitCode: 3 })
    t.match(await containerd.run(reference, [`${path}/bin/echo`, 'other']), { stdout: 'other', exitCode: 0 })
    t.match(await containerd.pull('nix.internal/nix/store/absent:nix'), { exitCode: 1, stderr: /not found/ })
    await containerd.remove(reference)
    t.notMatch(
      (await containerd.ctr('snapshots', '--snapshotter', containerd.snapshotter, 'list')).stdout,
      /sha256/,
    )
    await containerd.stop()
  },
)

void t.test(
  'podman pulls, runs, and plays a Pod',
  { skip: missing('nix', 'podman', 'skopeo', 'docker-registry', 'root') },
  async (t) => {
    const { path, registry, reference } = await registryWithBusybox(t)
    const podman = await podmanFor(t, registry.url)
    t.match(await podman.pull(reference), { exitCode: 0 })
    t.match(await podman.run(reference), { stdout: 'hello', exitCode: 3 })

    await t.test('kube play', { skip: missing('catatonit') }, async (t) => {
      const file = join(await temporaryDirectory(t, 'pod'), 'pod.json')
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'hello' },
        spec: {
          hostNetwork: true,
          restartPolicy: 'Never',
          containers: [
            { name: 'main', image: reference, command: [`${path}/bin/sh`, '-c', 'echo from a Pod; exit 4'] },
          ],
        },
      }
      await writeFile(file, JSON.stringify(pod))
      t.match(await podman.kubePlay(file), [{ name: 'hello-main', exitCode: 4, logs: 'from a Pod' }])
      t.match(await podman.kubeDown(file), { exitCode: 0 })
      t.equal((await podman.podman('ps', '--all', '--quiet')).stdout, '')
    })
  },
)

void t.test('skopeo copies and checks', { skip: missing('nix', 'skopeo', 'docker-registry') }, async (t) => {
  const { registry, reference } = await registryWithBusybox(t)
  const files = await readdir(await copyToDir(t, reference, registry.url))
  t.equal(files.filter((name) => /^[0-9a-f]{64}$/.test(name)).length, 2, 'a config and a layer')
  t.ok(files.includes('manifest.json'))
})

void t.test('a daemon that ends early, or is never ready, fails with what it printed', async (t) => {
  await t.rejects(startDaemon(t, sh('echo why; exit 3')), /exit code 3[^]*why/)
  await t.rejects(
    startDaemon(t, { ...sh('echo why; exec sleep 60'), readyWithinMs: 300 }),
    /not ready within[^]*why/,
  )
})

void t.test('a daemon that ignores SIGTERM is killed, and said so', async (t) => {
  await t.rejects(
    scoped(async (scope) => {
      const script = 'trap "" TERM; echo up; while :; do sleep 0.1; done'
      await startDaemon(scope, {
        command: ['sh', '-c', script],
        ready: (line) => line === 'up' || undefined,
        stopWithinMs: 300,
      })
    }),
    /did not stop within/,
  )
})

void t.test('a daemon that leaves a program behind with its output has stopped nevertheless', async (t) => {
  const daemon = await startDaemon(t, {
    command: ['sh', '-c', 'sleep 20 & echo $!; trap "exit 0" TERM; while :; do sleep 0.1; done'],
    ready: (line) => Number(line),
  })
  t.teardown(() => void process.kill(daemon.ready))
  const began = performance.now()
  t.same(await daemon.stop(), { exitCode: 0, signal: undefined })
  t.ok(performance.now() - began < 10_000)
})

void t.test('a daemon that can not be started says so', async (t) => {
  await t.rejects(
    startDaemon(t, { command: ['/absent/program'], ready: () => undefined }),
    /\/absent\/program ended before it was ready/,
  )
})

void t.test('a scope releases last first, and when its work fails', async (t) => {
  const released: string[] = []
  const directory = await mkdtemp(join(tmpdir(), 'pushless-scope-'))
  const work = scoped(async (scope) => {
    scope.teardown(async () => rm(directory, { recursive: true }))
    scope.teardown(() => void released.push('first', String(existsSync(directory))))
    scope.teardown(() => void released.push('second'))
    throw new Error('work failed')
  })
  await t.rejects(work, /work failed/)
  t.same(released, ['second', 'first', 'true'])
  t.notOk(existsSync(directory))
})

void t.test('requirements that must not be missing in CI', async (t) => {
  const { CI, PATH } = process.env
  t.teardown(() => {
    if (CI === undefined) delete process.env['CI']
    else process.env['CI'] = CI
    process.env['PATH'] = PATH
  })
  delete process.env['CI']
  process.env['PATH'] = '/nonexistent'
  t.equal(missing('go'), 'needs go: no go here')
  t.equal(missing(), false)
  process.env['CI'] = '1'
  t.equal(missing('go'), 'needs go: no go here', 'nice to have')
  t.throws(() => missing('podman'), /CI must not skip this: needs podman/)
})
