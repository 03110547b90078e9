/**
 * podman of the test's own: storage, run state, networks and settings in a temporary directory. Needs root.
 *
 * What it takes to run anywhere, a virtual machine or CI job without systemd included: cgroupfs as manager; runc, since
 * crun refuses cgroups of both versions mounted together; the host's network, so no bridge and no firewall rules; file
 * limits below any hard limit, since podman asks for 1048576 by default and may not get it; locks in files of its own,
 * since those in shared memory are the machine's, and each podman with a new directory frees them all, those that
 * another one holds included.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ran, unmountBelow } from './containerd.ts'
import type { Ran } from './containerd.ts'
import { takesOverlays } from './overlay.ts'
import { containersConfig } from './registries-conf.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface Podman {
  pull(reference: string): Promise<Ran>
  /** Runs an image (pulling it if need be), with its own command, or with these arguments after its entrypoint. */
  run(reference: string, args?: readonly string[]): Promise<Ran>
  /**
   * `podman kube play FILE`, waits until the containers of its Pods end, and gives their exit codes and logs.
   * Pods must have `hostNetwork: true` and `restartPolicy: Never`. Needs `catatonit` for the pause image.
   * @throws when podman can't play the file
   */
  kubePlay(file: string): Promise<PlayedContainer[]>
  /** `podman kube down FILE`: stops and removes what `kubePlay` made. */
  kubeDown(file: string): Promise<Ran>
  podman(...args: readonly string[]): Promise<Ran>
}

interface PlayedContainer {
  /** `<pod>-<container>`. */
  readonly name: string
  readonly exitCode: number
  readonly logs: string
}

const RUN_LIMIT_MS = 120_000

/**
 * podman with `nix.internal` served by the registry at `url`.
 * @param registriesConf what it is told of registries instead
 */
export async function podmanFor(scope: Scope, url: string, registriesConf?: string): Promise<Podman> {
  const directory = await temporaryDirectory(scope, 'podman')
  const env = { ...(await settings(directory, url, registriesConf)), PATH: searchPath() }
  const global = [
    '--root',
    join(directory, 'root'),
    '--runroot',
    join(directory, 'run'),
    '--tmpdir',
    join(directory, 'tmp'),
  ]
  const podman = async (...args: readonly string[]): Promise<Ran> =>
    ran(
      await execa('podman', [...global, ...args], {
        env,
        reject: false,
        stdin: 'ignore',
        timeout: RUN_LIMIT_MS,
      }),
    )
  scope.teardown(async () => {
    await podman('pod', 'rm', '--all', '--force', '--time', '0')
    await podman('rm', '--all', '--force', '--time', '0')
    await unmountBelow(directory)
  })
  const demand = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await podman(...args)
    if (exitCode !== 0)
      throw new Error(`podman ${args.join(' ')}: exit code ${exitCode}\n${stdout}\n${stderr}`)
    return stdout
  }

  return {
    podman,
    pull: async (reference) => podman('pull', reference),
    run: async (reference, args = []) => podman('run', '--rm', reference, ...args),
    async kubePlay(file) {
      const pods = podIds(await demand('kube', 'play', file))
      const played: PlayedContainer[] = []
      for (const pod of pods) {
        const names = await demand(
          'ps',
          '--all',
          '--filter',
          `pod=${pod}`,
          '--format',
          '{{.IsInfra}} {{.Names}}',
        )
        for (const [, name] of names.matchAll(/^false (.+)$/gm)) {
          if (name === undefined) continue
          const exitCode = Number(await demand('wait', name))
          const { stdout, stderr } = await podman('logs', name)
          played.push({ name, exitCode, logs: `${stdout}${stderr}` })
        }
      }
      return played
    },
    kubeDown: async (file) => podman('kube', 'down', file),
  }
}

/** The ids that `kube play` prints, one a line, below each `Pod:`. */
function podIds(output: string): string[] {
  return [...output.matchAll(/^Pods?:\n((?:[0-9a-f]{64}\n?)+)/gm)].flatMap(
    ([, ids]) => ids?.trim().split('\n') ?? [],
  )
}

async function settings(
  directory: string,
  url: string,
  registriesConf: string | undefined,
): Promise<Record<string, string>> {
  const { registries } = await containersConfig(directory, url)
  if (registriesConf !== undefined) await writeFile(registries, registriesConf)
  const networks = join(directory, 'networks')
  await mkdir(networks)
  const containers = join(directory, 'containers.conf')
  await writeFile(
    containers,
    `[containers]
netns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
lock_type = "file"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "${networks}"
`,
  )
  const storage = join(directory, 'storage.conf')
  // vfs copies, and works everywhere.
  const driver = (await takesOverlays(directory)) ? 'overlay' : 'vfs'
  await writeFile(
    storage,
    `[storage]\ndriver = "${driver}"\nrunroot = "${directory}/run"\ngraphroot = "${directory}/root"\n`,
  )
  return {
    CONTAINERS_REGISTRIES_CONF: registries,
    CONTAINERS_CONF: containers,
    CONTAINERS_STORAGE_CONF: storage,
  }
}
