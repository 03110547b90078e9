/**
 * A real containerd that is asked as kubelet asks it, through CRI: the machine's own, or that of a newer Debian in its
 * chroot. Root, state, sockets and settings in a temporary directory; mounts in a namespace of its own. Needs root.
 * Containers need a network plugin, and aren't run here; pulls need none.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { hostsToml } from './containerd.ts'
import { answersCri, pullImage, type Pulled } from './cri.ts'
import { startDaemon } from './daemon.ts'
import { debianRoot, inMountNamespace, inRoot, missingDebianRoot, type Suite } from './debian-root.ts'
import { takesOverlays } from './overlay.ts'
import { missing, searchPath } from './requirement.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

/** Whose containerd. */
export type Origin = 'machine' | Suite

export interface CriContainerd {
  /** E.g. `1.7.24`. */
  readonly version: string
  readonly pid: number
  /** Where it listens. */
  readonly socket: string
  /** Every line of containerd's log so far. */
  readonly lines: readonly string[]
  /** One attempt, as kubelet makes it. */
  pull(reference: string): Promise<Pulled>
  stop(): Promise<void>
}

const READY_LIMIT_MS = 60_000
const COMMAND_LIMIT_MS = 20_000
/** Where a chroot has the temporary directory: the one place that every Debian has for such things. */
const PLACE = '/mnt'

/** The reason why there is no such containerd here (also after trying to make it), or false. */
export async function missingCri(origin: Origin): Promise<string | false> {
  return origin === 'machine' ? missing('root', 'containerd') : missingDebianRoot(origin)
}

/**
 * containerd with `nix.internal` served by the registry at `url`.
 * @param settings.authority the certificate of a private authority that signed the registry's
 * @param settings.sandboxImage of each Pod's first process; its own, which no test can pull, where no Pod is run
 */
export async function startCri(
  scope: Scope,
  origin: Origin,
  url: string,
  settings: { readonly sandboxImage?: string; readonly authority?: string | undefined } = {},
): Promise<CriContainerd> {
  const directory = await temporaryDirectory(scope, `cri-${origin}`)
  const root = origin === 'machine' ? undefined : await debianRoot(origin)
  const inside = (...args: readonly string[]): [string, ...string[]] =>
    root === undefined
      ? [...inMountNamespace, ...args]
      : inRoot(root, args, { binds: { [PLACE]: directory } })
  const place = root === undefined ? directory : PLACE

  const version = await versionOf(inside('containerd', '--version'))
  const host = join(directory, 'certs.d/nix.internal')
  await mkdir(host, { recursive: true })
  // The system trusts no private authority.
  if (settings.authority !== undefined) await writeFile(join(host, 'ca.crt'), settings.authority)
  const ca =
    settings.authority === undefined ? '' : `  ca = "${join(place, 'certs.d/nix.internal/ca.crt')}"\n`
  await writeFile(join(host, 'hosts.toml'), `${hostsToml([url])}${ca}`)
  await writeFile(
    join(directory, 'config.toml'),
    configToml(version, place, {
      ...settings,
      snapshotter: (await takesOverlays(directory)) ? 'overlayfs' : 'native',
    }),
  )
  const daemon = await startDaemon(scope, {
    command: inside('containerd', '--config', join(place, 'config.toml')),
    env: { PATH: searchPath() },
    ready: (line) => (line.includes('containerd successfully booted') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  const socket = join(directory, 'containerd.sock')
  const end = Date.now() + READY_LIMIT_MS
  while (!(await answersCri(socket))) {
    if (Date.now() > end)
      throw new Error(`containerd doesn't answer by CRI; it printed:\n${daemon.lines.join('\n')}`)
    await delay(50)
  }
  return {
    version,
    pid: daemon.pid,
    socket,
    lines: daemon.lines,
    pull: async (reference) => pullImage(socket, reference),
    stop: async () => void (await daemon.stop()),
  }
}

async function versionOf([file, ...args]: readonly [string, ...string[]]): Promise<string> {
  const { stdout } = await execa(file, args, { env: { PATH: searchPath() }, timeout: COMMAND_LIMIT_MS })
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
  if (version === undefined) throw new Error(`containerd --version: ${stdout}`)
  return version
}

/** As docs/nodes/containerd.md says it: the settings of CRI moved in 2.0. What would be outside the directory is off, or moved into it. */
function configToml(
  version: string,
  directory: string,
  {
    snapshotter,
    sandboxImage,
  }: { readonly snapshotter: 'overlayfs' | 'native'; readonly sandboxImage?: string },
): string {
  const common = `root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${directory}/containerd.sock"
[ttrpc]
  address = "${directory}/containerd.sock.ttrpc"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
`
  const registry = `config_path = "${directory}/certs.d"`
  const cni = `conf_dir = "${directory}/cni"`
  if (version.startsWith('1.')) {
    const plugin = 'plugins."io.containerd.grpc.v1.cri"'
    return `version = 2
${common}[${plugin}]
  restrict_oom_score_adj = true
  ${sandboxImage === undefined ? '' : `sandbox_image = "${sandboxImage}"`}
[${plugin}.registry]
  ${registry}
[${plugin}.containerd]
  snapshotter = "${snapshotter}"
[${plugin}.cni]
  ${cni}
`
  }
  return `version = 3
${common}[plugins."io.containerd.cri.v1.images"]
  snapshotter = "${snapshotter}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  ${sandboxImage === undefined ? '' : `sandbox = "${sandboxImage}"`}
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux"
  snapshotter = "${snapshotter}"
[plugins."io.containerd.cri.v1.images".registry]
  ${registry}
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  ${cni}
`
}
