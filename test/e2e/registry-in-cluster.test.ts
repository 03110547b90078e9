/**
 * The registry as its manifests have it: its own image, exported and imported, in the Pod of its DaemonSet, with the
 * node's store and a Nix daemon that asks who it is; and containerd, pointed at it by the set-up of nodes.
 */
import { access, lstat, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { imageName } from './client.ts'
import { exampleImage } from './example.ts'
import { until } from './until.ts'
import { registryImage } from '../fixtures/registry-image.ts'
import { evaluate } from '../nix/nix-command.ts'
import { startContainerd } from '../support/containerd.ts'
import { startDaemon } from '../support/daemon.ts'
import { freePort } from '../support/free-port.ts'
import { nixEnv, nixStore } from '../support/nix.ts'
import { nodeRoot } from '../support/node-root.ts'
import { podmanFor, type Podman } from '../support/podman.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const UID = 65532
const READY_LIMIT_MS = 60_000

type Pod = { readonly spec: { readonly volumes: Volume[]; readonly containers: [Container] } }
type Volume = { readonly name: string; readonly hostPath?: object }
type Container = Readonly<Record<string, unknown>>

void t.test(
  'the registry in its Pod',
  { skip: missing('nix', 'podman', 'containerd', 'catatonit', 'busybox', 'dpkg', 'root') },
  async (t) => {
    const podman = await podmanFor(t, 'http://127.0.0.1:1')
    await loadImage(t, podman, await registryImage(t))

    await t.test('serves the node\u2019s store by the node\u2019s daemon', async (t) => {
      const port = await freePort()
      const state = join(await temporaryDirectory(t, 'node-state'), 'pushless')
      const daemon = await nixDaemon(t, `root ${UID}`)
      const url = await play(t, podman, { port, state, daemon })
      const ready = await until(async () => (await answer(`${url}/readyz`)) || undefined, READY_LIMIT_MS)
      t.equal(ready, 200, 'Nix answers a user that has no name on the node')

      const node = await nodeRoot(t, url)
      const setup = await node.start()
      const containerd = await startContainerd(t)
      const hosts = join(node.directory, 'etc/containerd/certs.d')
      const image = await exampleImage()
      const pull = async () =>
        containerd.ctr(
          'images',
          'pull',
          '--snapshotter',
          containerd.snapshotter,
          '--hosts-dir',
          hosts,
          imageName(image),
        )
      const pulled = await pull()
      t.equal(pulled.exitCode, 0, pulled.stderr)
      t.match(await containerd.run(imageName(image)), { exitCode: 0, stdout: /hello/i })

      const link = join(state, 'roots', image.slice('/nix/store/'.length))
      t.match(await lstat(link), { uid: UID }, 'a root in the state directory on the node')
      t.match((await lstat(state)).mode & 0o777, 0o700, 'which is nobody else\u2019s')
      const roots = await nixStore('--gc', '--print-roots')
      t.ok(
        roots.some((root) => root.startsWith(`${link} -> `)),
        'that the node\u2019s garbage collector finds',
      )

      await setup.stop()
      t.same(await readdir(hosts), [], 'taken back')
      await containerd.remove(imageName(image))
      const without = await pull()
      t.not(without.exitCode, 0, 'and so nobody is asked any more')
    })

    await t.test('a daemon that doesn\u2019t allow its user', async (t) => {
      const port = await freePort()
      const state = join(await temporaryDirectory(t, 'node-state'), 'pushless')
      const daemon = await nixDaemon(t, 'root')
      const url = await play(t, podman, { port, state, daemon })
      const alive = await until(async () => (await answer(`${url}/healthz`)) || undefined, READY_LIMIT_MS)
      t.equal(alive, 200)
      t.equal(await answer(`${url}/readyz`), 503, 'up, and not ready')
    })
  },
)

/** As on a node that can pull it from nobody: `pushless export … | podman load`. */
async function loadImage(scope: Scope, podman: Podman, image: string): Promise<void> {
  const directory = await temporaryDirectory(scope, 'export')
  // What the rendered YAML calls it.
  const name = String(await evaluate(`import ${ROOT}manifests/registry/placeholder.nix`))
  const archive = join(directory, 'pushless.tar')
  const args = ['export', '--name', name, '--output', archive, '--state', join(directory, 'state'), image]
  await execa(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'dist/main.js'), ...args],
    {
      env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio' },
      timeout: 120_000,
      stdin: 'ignore',
    },
  )
  const { exitCode, stderr } = await podman.podman('load', '--input', archive)
  if (exitCode !== 0) throw new Error(`podman load: ${stderr}`)
}

/** A Nix daemon as systems have it, which knows who connects. @returns the directory of its socket. */
async function nixDaemon(scope: Scope, allowedUsers: string): Promise<string> {
  const directory = await temporaryDirectory(scope, 'nix-daemon')
  const configuration = join(directory, 'conf')
  await mkdir(configuration)
  await writeFile(join(configuration, 'nix.conf'), `sandbox = false\nallowed-users = ${allowedUsers}\n`)
  const sockets = join(directory, 'sockets')
  await mkdir(sockets)
  await startDaemon(scope, {
    command: ['sh', '-c', 'echo starting; exec nix-daemon'],
    env: {
      ...nixEnv,
      NIX_CONF_DIR: configuration,
      NIX_DAEMON_SOCKET_PATH: join(sockets, 'socket'),
    },
    ready: (line) => (line === 'starting' ? true : undefined),
  })
  await until(async () =>
    access(join(sockets, 'socket')).then(
      () => true,
      () => undefined,
    ),
  )
  return sockets
}

/** Plays the Pod of the DaemonSet; all of it is as it is made, but for what a test must not do to its machine. */
async function play(
  scope: Scope,
  podman: Podman,
  { port, state, daemon }: { readonly port: number; readonly state: string; readonly daemon: string },
): Promise<string> {
  const { spec } = (await evaluate(`
    (builtins.head (builtins.filter (object: object.kind == "DaemonSet") ((import ${ROOT}manifests { }).registry {
      port = ${port}; state = "${state}"; settings.grace = 1; nodes = null;
    }))).spec.template`)) as Pod
  const [container] = spec.containers
  // podman makes of probes a health check by curl, in the container, and takes no ports in the host's network.
  const without = { livenessProbe: undefined, readinessProbe: undefined, ports: undefined }
  const directory = await temporaryDirectory(scope, 'registry-pod')
  const file = join(directory, 'pod.json')
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      // podman 4.3 may take an init container that just ended for one that runs, and then can't remove it.
      metadata: {
        name: `pushless-${port}`,
        annotations: { 'io.podman.annotations.init.container.type': 'always' },
      },
      spec: {
        ...spec,
        containers: [{ ...container, ...without }],
        volumes: spec.volumes.map((volume) =>
          volume.name === 'daemon'
            ? { name: 'daemon', hostPath: { path: daemon, type: 'Directory' } }
            : volume,
        ),
      },
    }),
  )
  scope.teardown(async () => {
    await podman.kubeDown(file)
  })
  const { exitCode, stdout, stderr } = await podman.podman('kube', 'play', file)
  if (exitCode !== 0) throw new Error(`podman kube play: ${stdout}${stderr}`)
  return `http://127.0.0.1:${port}`
}

/** The status; 0 while nobody answers. */
async function answer(url: string): Promise<number> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status,
    () => 0,
  )
}
