/**
 * A real containerd that is asked as kubelet asks it, through CRI: the machine's own, that of a newer Debian in its
 * chroot, or one that was built from its module. Root, state, sockets and settings in a temporary directory; mounts in a
 * namespace of its own. Needs root. Pods and containers are in cri-containers.ts.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { hostsToml, MKFS } from './containerd.ts'
import { builtContainerd, isBuiltVersion, missingContainerd, type BuiltVersion } from './containerd-built.ts'
import { answersCri, pullImage, type Pulled } from './cri.ts'
import { startDaemon } from './daemon.ts'
import { debianRoot, inMountNamespace, inRoot, missingDebianRoot, type Suite } from './debian-root.ts'
import { takesOverlays } from './overlay.ts'
import { missing, searchPath } from './requirement.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

/** Whose containerd. One that is built runs with the machine's runc. */
export type Origin = 'machine' | BuiltVersion | Suite

export interface CriContainerd {
  /** E.g. `1.7.24`. */
  readonly version: string
  readonly pid: number
  /** Where it listens. */
  readonly socket: string
  /** Every line of containerd's log so far. */
  readonly lines: readonly string[]
  /** Where its NRI listens, if it is on. */
  readonly nriSocket: string
  /** One attempt, as kubelet makes it. */
  pull(reference: string): Promise<Pulled>
  stop(): Promise<void>
  /** Kills it with SIGKILL, and starts it again with what it left: the containers go on meanwhile. */
  restart(): Promise<void>
}

const READY_LIMIT_MS = 60_000
const COMMAND_LIMIT_MS = 20_000
/** Where a chroot has the temporary directory: the one place that every Debian has for such things. */
const PLACE = '/mnt'

/** The reason why there is no such containerd here (also after trying to make it), or false. */
export async function missingCri(origin: Origin): Promise<string | false> {
  if (origin === 'machine') return missing('root', 'containerd')
  if (isBuiltVersion(origin)) return missing('root', 'containerd') || missingContainerd(origin)
  return missingDebianRoot(origin)
}

export type CriSettings = {
  /** The image of each Pod's first process; containerd's own, which no test can pull, where no Pod is run. */
  readonly sandboxImage?: string
  /** The certificate of a private authority that signed the registry's. */
  readonly authority?: string | undefined
  /** Whether plugins may connect. Its socket is in a directory of its own, as on a node. */
  readonly nri?: boolean
  /** Whether Pods may have a network of their own, without any connection. Else they are of the host's network. */
  readonly emptyNetworks?: boolean
  /** The directory that containers find the node's store in, seen as `/nix`. */
  readonly nix?: string
  /** Registries of other hosts, by name. */
  readonly hosts?: Readonly<Record<string, string>>
  /** Mounts layers in EROFS, and asks for them. Of a built containerd alone. */
  readonly mountsErofs?: boolean
}

/** Runs $1 and its arguments again whenever it is killed, with its process id in the file $0. */
const SUPERVISE = `trap 'kill "$child"; wait "$child"; exit 0' TERM
while :; do "$@" & child=$!; echo "$child" > "$0.part"; mv "$0.part" "$0"; wait "$child" || :; done`
/** $0 a directory, seen as /nix by the command. */
const WITH_NIX = 'mount --bind "$0" /nix; exec "$@"'

/** A plugin for networks that makes none, and says that it did. */
const EMPTY_NETWORK = `#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","sandbox":"'"$CNI_NETNS"'"}],"ips":[{"address":"192.0.2.1/32","interface":0}]}'
[ "$CNI_COMMAND" != VERSION ] || echo '{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}'
`

async function writeNetworks(directory: string): Promise<void> {
  for (const folder of ['cni', 'cni-bin']) await mkdir(join(directory, folder))
  for (const name of ['empty', 'loopback'])
    await writeFile(join(directory, 'cni-bin', name), EMPTY_NETWORK, { mode: 0o755 })
  const plugins = [{ type: 'empty' }]
  const list = { cniVersion: '1.0.0', name: 'empty', plugins }
  await writeFile(join(directory, 'cni/empty.conflist'), JSON.stringify(list))
}

/** containerd with `nix.internal` served by the registry at `url`. */
export async function startCri(
  scope: Scope,
  origin: Origin,
  url: string,
  settings: CriSettings = {},
): Promise<CriContainerd> {
  const directory = await temporaryDirectory(scope, `cri-${origin}`)
  // Users of a container must reach its root.
  await chmod(directory, 0o711)
  const { nix } = settings
  const built = isBuiltVersion(origin) ? origin : undefined
  const root = origin === 'machine' || isBuiltVersion(origin) ? undefined : await debianRoot(origin)
  const withNix = nix === undefined ? [] : ['/bin/sh', '-euc', WITH_NIX, nix]
  const inside = (...args: readonly string[]): [string, ...string[]] =>
    root === undefined
      ? [...inMountNamespace, ...withNix, ...args]
      : inRoot(root, args, { binds: { [PLACE]: directory, ...(nix === undefined ? {} : { '/nix': nix }) } })
  const place = root === undefined ? directory : PLACE
  const program = built === undefined ? 'containerd' : await builtContainerd(built)
  const { mountsErofs = false } = settings
  if (mountsErofs) await writeFile(join(directory, 'mkfs.erofs'), MKFS, { mode: 0o755 })
  const own = built !== undefined ? `${directory}:${dirname(program)}:` : ''
  const env = { PATH: `${own}${searchPath()}` }

  const version = await versionOf(inside(program, '--version'))
  const host = join(directory, 'certs.d/nix.internal')
  await mkdir(host, { recursive: true })
  await mkdir(join(directory, 'nri'))
  if (settings.emptyNetworks === true) await writeNetworks(directory)
  const { authority } = settings
  // The system trusts no private authority.
  if (authority !== undefined) await writeFile(join(host, 'ca.crt'), authority)
  const ca = authority === undefined ? '' : `  ca = "${join(place, 'certs.d/nix.internal/ca.crt')}"\n`
  await writeFile(join(host, 'hosts.toml'), `${hostsToml([url], mountsErofs)}${ca}`)
  for (const [name, other] of Object.entries(settings.hosts ?? {})) {
    await mkdir(join(directory, 'certs.d', name))
    await writeFile(join(directory, 'certs.d', name, 'hosts.toml'), hostsToml([other]))
  }
  await writeFile(
    join(directory, 'config.toml'),
    configToml(version, place, {
      ...settings,
      snapshotter: mountsErofs ? 'erofs' : (await takesOverlays(directory)) ? 'overlayfs' : 'native',
    }),
  )
  const pidFile = join(directory, 'pid')
  const supervise = ['/bin/sh', '-euc', SUPERVISE, join(place, 'pid')]
  const daemon = await startDaemon(scope, {
    command: inside(...supervise, program, '--config', join(place, 'config.toml')),
    env,
    ready: (line) => (line.includes('containerd successfully booted') ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  const socket = join(directory, 'containerd.sock')
  const pid = async () => Number(await readFile(pidFile, 'utf8'))
  const answers = async () => {
    const end = Date.now() + READY_LIMIT_MS
    while (!(await answersCri(socket))) {
      if (Date.now() > end)
        throw new Error(`containerd doesn't answer by CRI; it printed:\n${daemon.lines.join('\n')}`)
      await delay(50)
    }
  }
  await answers()
  return {
    version,
    pid: await pid(),
    socket,
    nriSocket: join(directory, 'nri/nri.sock'),
    lines: daemon.lines,
    pull: async (reference) => pullImage(socket, reference),
    stop: async () => void (await daemon.stop()),
    async restart() {
      process.kill(await pid(), 'SIGKILL')
      await answers()
    },
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
    nri = false,
  }: CriSettings & { readonly snapshotter: 'overlayfs' | 'native' | 'erofs' },
): string {
  const common = `root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${directory}/containerd.sock"
[ttrpc]
  address = "${directory}/containerd.sock.ttrpc"
[plugins."io.containerd.nri.v1.nri"]
  disable = ${!nri}
  socket_path = "${directory}/nri/nri.sock"
  plugin_path = "${directory}/nri/plugins"
  plugin_config_path = "${directory}/nri/conf.d"
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
${snapshotter === 'erofs' ? '' : unpackConfig(snapshotter)}[plugins."io.containerd.cri.v1.images".registry]
  ${registry}
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  ${cni}
  bin_dirs = ["${directory}/cni-bin"]
`
}

/** containerd has this for EROFS by itself, from 2.3.5 on. */
function unpackConfig(snapshotter: string): string {
  return `[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux"
  snapshotter = "${snapshotter}"
`
}
