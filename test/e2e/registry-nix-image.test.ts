/**
 * The registry's image with Nix, as the Pod of the StatefulSet has it: an ordinary user without capabilities, a
 * read-only root, and volumes for /nix and the state that are empty at first.
 */
import { chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeImage } from '../../scripts/registry-image/make-image.ts'
import { refusal, pullManifest, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { freePort } from '../support/free-port.ts'
import { nixEnv, nixInstantiate, shape } from '../support/nix.ts'
import { missingOwnImage, ownArchitecture } from '../support/own-image.ts'
import { podmanFor, type Podman } from '../support/podman.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'
import { startSshServer } from '../support/ssh-server.ts'

const tools = missing('podman', 'root', 'busybox')
const skip =
  tools === false ? await missingOwnImage({ architectures: [ownArchitecture], hasNix: true }) : tools
const USER = 65_532
const LIMIT_MS = 300_000
const READY_LIMIT_MS = 60_000
/** The same that the StatefulSet asks for: no filter of system calls, and a /proc without masks. */
const SANDBOX = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'unmask=ALL']
/** The directory that a Secret of the library is mounted at. */
const BUILDERS = '/run/secrets/pushless-builders'
const CONFINED = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges']

/** A derivation of one directory that needs nothing of its machine, so that a sandbox can build it. */
async function hermetic(scope: Scope, name: string): Promise<string> {
  const directory = await temporaryDirectory(scope, name)
  const tools = join(directory, 'tools')
  await mkdir(tools)
  await copyFile('/bin/busybox', join(tools, 'busybox'))
  const file = join(directory, 'default.nix')
  await writeFile(
    file,
    `derivation {
       name = "${name}-${process.pid}"; system = builtins.currentSystem;
       builder = "/bin/sh"; busybox = "\${${tools}}/busybox";
       args = [ "-euc" "[ ! -e /opt/pushless ]; $busybox mkdir $out; echo built >$out/file" ];
     }`,
  )
  return nixInstantiate(file)
}

type Running = {
  readonly url: string
  readonly log: () => Promise<string>
  readonly exec: (...command: readonly string[]) => Promise<string>
  readonly stop: () => Promise<void>
}

type Volumes = { readonly nix: string; readonly state: string; readonly cache: string }

async function run(
  t: Test,
  podman: Podman,
  image: string,
  {
    volumes,
    options,
    env,
  }: {
    readonly volumes: Volumes
    readonly options: readonly string[]
    readonly env: Readonly<Record<string, string>>
  },
): Promise<Running> {
  const port = await freePort()
  const name = `registry-${port}`
  const volumeArgs = [
    `${volumes.nix}:/nix`,
    `${volumes.state}:/var/lib/pushless`,
    `${volumes.cache}:/cache:ro`,
  ].flatMap((volume) => ['--volume', volume])
  const started = await podman.podman(
    'run',
    '--detach',
    ...CONFINED,
    ...options,
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...volumeArgs,
    '--tmpfs',
    '/tmp',
    '--name',
    name,
    image,
    'serve',
    '--listen',
    `127.0.0.1:${port}`,
    '--serve-packages',
    '--allow-builds=on',
  )
  t.equal(started.exitCode, 0, started.stderr)
  const url = `http://127.0.0.1:${port}`
  const log = async () => {
    const { stdout, stderr } = await podman.podman('logs', name)
    return `${stdout}${stderr}`
  }
  const isReady = async () =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status === 200 || undefined,
      () => undefined,
    )
  await until(isReady, READY_LIMIT_MS).catch(async () => t.fail(await log()))
  return {
    url,
    log,
    exec: async (...command) => (await podman.podman('exec', name, ...command)).stdout,
    stop: async () => void (await podman.podman('rm', '--force', '--time', '30', name)),
  }
}

void t.test('a registry with a Nix of its own', { skip, timeout: LIMIT_MS }, async (t) => {
  const host = await startPushless(t, { args: ['--serve-packages'] })
  const podman = await podmanFor(t, host.url)
  const image = `nix.internal${await makeImage(`withNix.${ownArchitecture}`, nixEnv)}:nix`
  const pulled = await podman.pull(image)
  t.equal(pulled.exitCode, 0, pulled.stderr)

  const directory = await temporaryDirectory(t, 'own-nix')
  const fetched = await shape('chain')
  const [first, second, third] = [
    await hermetic(t, 'first'),
    await hermetic(t, 'second'),
    await hermetic(t, 'third'),
  ]
  const cache = await signedCache(join(directory, 'cache'), [fetched], 'compression=zstd', [
    first,
    second,
    third,
  ])
  const volumes = { nix: join(directory, 'nix'), state: join(directory, 'state'), cache: cache.directory }
  for (const volume of [volumes.nix, volumes.state]) {
    await mkdir(volume)
    await chown(volume, USER, USER)
  }
  const env = { PUSHLESS_CACHES: 'file:///cache', PUSHLESS_TRUSTED_KEYS: cache.key }
  const expected = await pullManifest(host.url, fetched)

  await t.test('first start, in a container that forbids namespaces', async (t) => {
    const registry = await run(t, podman, image, { volumes, env, options: [] })
    t.match(await registry.exec('cat', '/proc/1/status'), /^Uid:\t65532\t65532\t65532\t65532$/m)
    t.equal((await pullManifest(registry.url, fetched)).digest, expected.digest, 'fetched: the same image')
    const denied = await refusal(await fetch(`${repositoryUrl(registry.url, first)}/manifests/nix`))
    t.equal(denied.status, 404, 'nothing is built')
    // podman has a line a little after its writer.
    const line = /builds can have no sandbox here \(--allow-unsandboxed-builds\)/
    const log = await until(async () => {
      const text = await registry.log()
      return line.test(text) ? text : undefined
    })
    t.match(log, /nothing is built: builds can have no sandbox here/)
    await registry.stop()
  })

  await t.test('another start, where a sandbox can be made', async (t) => {
    const registry = await run(t, podman, image, { volumes, env, options: SANDBOX })
    t.equal((await pullManifest(registry.url, fetched)).digest, expected.digest)
    t.notMatch(await registry.log(), /"kind":"started"/, 'the volume still has it')
    const built = await pullManifest(registry.url, first)
    t.match(await registry.log(), /builds run in a sandbox/)
    t.equal(built.digest, (await pullManifest(host.url, first)).digest, 'the same that this machine builds')
    await registry.stop()
  })

  await t.test('without a sandbox, if the operator says so', async (t) => {
    const options = ['--env', 'PUSHLESS_ALLOW_UNSANDBOXED_BUILDS=true']
    const registry = await run(t, podman, image, { volumes, env, options })
    const refused = await refusal(await fetch(`${repositoryUrl(registry.url, second)}/manifests/nix`))
    t.equal(refused.status, 500, 'this build looks for the registry, and finds it')
    t.match(await registry.log(), /builds run without a sandbox/)
    await registry.stop()
  })

  await t.test('without a sandbox, on another machine', { skip: missing('sshd') }, async (t) => {
    const builder = await startSshServer(t)
    const program = join(builder.directory, 'nix-daemon')
    await writeFile(program, `#!/bin/sh\nNIX_CONF_DIR=${nixEnv.NIX_CONF_DIR} exec nix-daemon "$@"\n`, {
      mode: 0o755,
    })
    const secret = join(directory, 'builders')
    await mkdir(secret)
    const hostKey = Buffer.from(builder.hostKey).toString('base64')
    const machine = `ssh-ng://root@127.0.0.1?remote-program=${program} - ${BUILDERS}/key 2 1 - - ${hostKey}\n`
    await writeFile(join(secret, 'machines'), machine)
    // kubelet gives the files of a Secret to root, and to the group of the Pod.
    await writeFile(join(secret, 'key'), await readFile(builder.keyFile), { mode: 0o440 })
    await chown(join(secret, 'key'), 0, USER)
    const registry = await run(t, podman, image, {
      volumes,
      env: {
        ...env,
        PUSHLESS_BUILDERS: `${BUILDERS}/machines`,
        NIX_SSHOPTS: `-p ${builder.port} -o HostKeyAlias=127.0.0.1`,
      },
      options: ['--volume', `${secret}:${BUILDERS}:ro`],
    })
    const built = await pullManifest(registry.url, third)
    t.equal(built.digest, (await pullManifest(host.url, third)).digest)
    const log = await registry.log()
    t.match(log, /the machines of --builders build/)
    t.match(log, /"machine":"ssh-ng:\/\/root@127\.0\.0\.1/)
    await registry.stop()
  })
})
