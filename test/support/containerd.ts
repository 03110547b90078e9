/**
 * A real containerd of the test's own: root, state, socket and namespace in a temporary directory, so that it
 * neither sees nor disturbs one that runs on this machine. `ctr` pulls and runs; CRI is off. Needs root.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { Result } from 'execa'
import { builtContainerd, type BuiltVersion } from './containerd-built.ts'
import { startDaemon } from './daemon.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
}

export interface Containerd {
  readonly pid: number
  readonly snapshotter: 'overlayfs' | 'native' | 'erofs'
  /** Every line of containerd's log so far. */
  readonly lines: readonly string[]
  /**
   * Writes certs.d with `nix.internal` served by `url` (several: tried in order), and gives its path.
   * `pull` uses what was written last.
   */
  hostsDir(...urls: readonly [string, ...string[]]): Promise<string>
  /** Pulls e.g. `nix.internal/nix/store/…:nix`. What it prints is there for failures; the exit code says which. */
  pull(reference: string, args?: readonly string[]): Promise<Ran>
  /** Runs a pulled image, with the image's own command or these arguments instead; `stdout` is all that it prints. */
  run(reference: string, args?: readonly string[]): Promise<Ran>
  /** Removes the image, and collects what only it needed before it returns. */
  remove(reference: string): Promise<void>
  ctr(...args: readonly string[]): Promise<Ran>
  stop(): Promise<void>
}

const PULL_LIMIT_MS = 300_000
/** CRI is off. */
const VERSION_2 = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]`
const VERSION_3 = `version = 3
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]`

/** containerd loads its differ for EROFS where this has the option. It runs it for tar layers alone. */
export const MKFS = "#!/bin/sh\necho '--tar=X'\n"

/** @param built a built containerd that is to mount layers in EROFS; otherwise it is the machine's own. */
export async function startContainerd(scope: Scope, built?: BuiltVersion): Promise<Containerd> {
  const programs = built === undefined ? undefined : dirname(await builtContainerd(built))
  const directory = await temporaryDirectory(scope, 'containerd')
  const socket = join(directory, 'containerd.sock')
  const state = join(directory, 'state')
  const namespace = `pushless-${randomBytes(4).toString('hex')}`
  scope.teardown(async () => release(directory, namespace))
  await mkdir(state)
  const env = { PATH: `${programs === undefined ? '' : `${directory}:${programs}:`}${searchPath()}` }
  if (programs !== undefined) await writeFile(join(directory, 'mkfs.erofs'), MKFS, { mode: 0o755 })
  const config = join(directory, 'config.toml')
  await writeFile(
    config,
    `${built === undefined ? VERSION_2 : VERSION_3}
root = "${join(directory, 'root')}"
state = "${state}"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`,
  )
  const daemon = await startDaemon(scope, {
    command: ['containerd', '--config', config],
    env,
    ready: (line) => (line.includes('containerd successfully booted') ? true : undefined),
  })

  const ctr = async (...args: readonly string[]): Promise<Ran> => {
    const result = await execa('ctr', ['--address', socket, '--namespace', namespace, ...args], {
      env,
      reject: false,
      timeout: PULL_LIMIT_MS,
      stdin: 'ignore',
    })
    return ran(result)
  }
  const { stdout: overlay } = await ctr('plugins', 'list', 'id==overlayfs')
  const own = /overlayfs .* ok/.test(overlay) ? 'overlayfs' : 'native'
  const snapshotter = programs === undefined ? own : 'erofs'
  const certificates = join(directory, 'certs.d')
  let containers = 0

  return {
    pid: daemon.pid,
    snapshotter,
    lines: daemon.lines,
    ctr,
    async hostsDir(...urls) {
      const host = join(certificates, 'nix.internal')
      await mkdir(host, { recursive: true })
      await writeFile(join(host, 'hosts.toml'), hostsToml(urls, programs !== undefined))
      return certificates
    },
    pull: async (reference, args = []) =>
      ctr('images', 'pull', '--snapshotter', snapshotter, '--hosts-dir', certificates, ...args, reference),
    async run(reference, args = []) {
      const id = `run-${containers++}`
      // Written by the shim: what ctr reads from its pipe may lack what a program prints just before it ends.
      const log = join(directory, `${id}.log`)
      const ran = await ctr(
        'run',
        '--rm',
        '--snapshotter',
        snapshotter,
        '--net-host',
        '--log-uri',
        `file://${log}`,
        reference,
        id,
        ...args,
      )
      const printed = await readFile(log, 'utf8').catch(() => '')
      return { ...ran, stdout: printed.trimEnd() }
    },
    async remove(reference) {
      const { exitCode, stderr } = await ctr('images', 'remove', '--sync', reference)
      if (exitCode !== 0) throw new Error(`ctr images remove ${reference}: ${stderr}`)
    },
    stop: async () => void (await daemon.stop()),
  }
}

/** `server` is there too, or containerd falls back to https://nix.internal, and its DNS error hides ours. */
export function hostsToml(urls: readonly [string, ...string[]], mountsErofs = false): string {
  const hosts = urls.map((url) => {
    const header = mountsErofs ? `[host."${url}".header]\n  X-Pushless-Layers = ["erofs"]\n` : ''
    return `[host."${url}"]\n  capabilities = ["pull", "resolve"]\n${header}`
  })
  return `server = "${urls[0]}"\n${hosts.join('')}`
}

/** What containerd leaves when it ends: mounts below its directory, and the cgroups of its namespace. */
async function release(directory: string, namespace: string): Promise<void> {
  await unmountBelow(directory)
  await removeCgroups(namespace)
}

/** Those of a containerd's namespace, once no container is in them. */
export async function removeCgroups(namespace: string): Promise<void> {
  for (const controller of await readdir('/sys/fs/cgroup').catch(() => [])) {
    await rmdir(join('/sys/fs/cgroup', controller, namespace)).catch(() => {})
  }
  await rmdir(join('/sys/fs/cgroup', namespace)).catch(() => {})
}

/** Unmounts whatever is mounted below a directory, deepest first. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((path) => path.startsWith(`${directory}/`))
  for (const path of mounts.toReversed()) {
    await execa('umount', ['--lazy', path], { env: { PATH: searchPath() }, reject: false, timeout: 10_000 })
  }
}

export function ran({ stdout, stderr, exitCode }: Pick<Result, 'stdout' | 'stderr' | 'exitCode'>): Ran {
  return { stdout: String(stdout ?? ''), stderr: String(stderr ?? ''), exitCode }
}
