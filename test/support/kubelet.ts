/**
 * A real kubelet by itself: no API server, Pods from a directory (static Pods), on a containerd of its own that has
 * `nix.internal` served by a registry. Pods must be of the host's network, for there is no network plugin. Needs root.
 *
 * What it keeps is in a temporary directory; what it would write elsewhere, it writes where nobody else sees it.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { removeCgroups } from './containerd.ts'
import { startCri, type CriSettings, type Origin } from './containerd-cri.ts'
import { startDaemon } from './daemon.ts'
import { kubernetesProgram } from './kubernetes-programs.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export interface Kubelet {
  /** Where its containerd's NRI listens, if it is on. */
  readonly nriSocket: string
  /** Imports an archive of images to its containerd, as on a node that reaches no registry. */
  importImages(archive: string): Promise<void>
  /** Every line of its log so far. */
  readonly lines: readonly string[]
  /** Makes a Pod (`v1/Pod` in JSON) run, or what runs by this name be replaced by it. */
  place(name: string, pod: string): Promise<void>
  remove(name: string): Promise<void>
  /** What the containers of that name print, those that ended too: a line each, first those that began first. */
  logs(container: string): Promise<readonly string[]>
  /** Images of the containers of that name that run now. */
  running(container: string): Promise<readonly string[]>
  /** Ends the process of a container without a warning. @param id as the Pod's status has it, without `containerd://`. */
  kill(id: string): Promise<void>
  /** What would be in a Pod's events, e.g. `Failed: Failed to pull image …`. */
  events(): readonly string[]
}

const READY_LIMIT_MS = 60_000
const COMMAND_LIMIT_MS = 20_000

/** The namespace of CRI, in every containerd. */
const NAMESPACE = 'k8s.io'
/** Named in kubelet's source, whatever its settings: a socket for devices is here, links to logs are in /var/log. */
const FIXED_DIRECTORY = '/var/lib/kubelet'

/**
 * $0 a directory; the command. kubelet sets what the kernel does without memory, or in a panic, for the whole machine:
 * here it finds all as it wants it, and writes nothing.
 */
const ALONE = `mkdir -p "$0"
sysctl() { echo "$2" > "$0/\${1##*/}"; mount --bind "$0/\${1##*/}" "/proc/sys/$1"; }
sysctl vm/overcommit_memory 1
sysctl vm/panic_on_oom 0
sysctl kernel/panic 10
sysctl kernel/panic_on_oops 1
sysctl kernel/keys/root_maxkeys 1000000
sysctl kernel/keys/root_maxbytes 25000000
mount -t tmpfs tmpfs /var/log
mount -t tmpfs tmpfs ${FIXED_DIRECTORY}
exec "$@"`

/**
 * @param url of the registry
 * @param authority the certificate of a private authority that signed the registry's
 * @param kubeconfig of an API server that has its Pods, beside those of the directory
 * @param origin the origin of its containerd. Default: this machine
 * @param settings of its containerd beside the others
 * @param sandboxImage of that registry, or imported: what holds the namespaces of a Pod, and does nothing
 */
export async function startKubelet(
  scope: Scope,
  {
    url,
    sandboxImage,
    authority,
    kubeconfig,
    origin = 'machine',
    settings = {},
  }: {
    readonly url: string
    readonly origin?: Origin
    readonly settings?: Pick<CriSettings, 'nri' | 'hosts'>
    readonly sandboxImage: string
    readonly authority?: string
    readonly kubeconfig?: string
  },
): Promise<Kubelet> {
  const program = await kubernetesProgram('kubelet')
  const directory = await temporaryDirectory(scope, 'kubelet')
  const containerd = await startCri(scope, origin, url, { ...settings, sandboxImage, authority })
  const ctr = async (...args: readonly string[]): Promise<string[]> => {
    const command = ['--address', containerd.socket, '--namespace', NAMESPACE, ...args]
    const { stdout } = await execa('ctr', command, {
      env: { PATH: searchPath() },
      timeout: COMMAND_LIMIT_MS,
      lines: true,
    })
    return stdout
  }
  const pods = join(directory, 'pods')
  const podLogs = join(directory, 'logs')
  const cluster = kubeconfig === undefined ? undefined : join(directory, 'kubeconfig')
  if (cluster !== undefined) await writeFile(cluster, kubeconfig ?? '')
  await mkdir(pods)
  const config = join(directory, 'config.json')
  await writeFile(config, JSON.stringify(configuration(containerd.socket, pods, podLogs)))
  scope.teardown(async () => {
    // kubelet leaves its containers running when it ends.
    const tasks = await ctr('tasks', 'list', '--quiet')
    for (const task of tasks) await ctr('tasks', 'delete', '--force', task).catch(() => undefined)
    await removeCgroups(NAMESPACE)
  })
  if ((await mkdir(FIXED_DIRECTORY, { recursive: true })) !== undefined)
    scope.teardown(async () => rmdir(FIXED_DIRECTORY))
  const { lines } = await startDaemon(scope, {
    command: [
      // Volumes that kubelet mounts, such as the tokens of ServiceAccounts, must be there for containers.
      'nsenter',
      `--target=${containerd.pid}`,
      '--mount',
      '/bin/sh',
      '-euc',
      ALONE,
      join(directory, 'sysctl'),
      program,
      `--config=${config}`,
      `--root-dir=${join(directory, 'root')}`,
      `--cert-dir=${join(directory, 'pki')}`,
      '--hostname-override=node',
      ...(cluster === undefined ? [] : [`--kubeconfig=${cluster}`]),
      // Where there is no API server, the log has the events, from this level on.
      '--v=3',
    ],
    env: { PATH: searchPath() },
    ready: (line) => (/Starting kubelet main sync loop/.test(line) ? true : undefined),
    readyWithinMs: READY_LIMIT_MS,
  })
  return {
    nriSocket: containerd.nriSocket,
    lines,
    importImages: async (archive) => void (await ctr('images', 'import', archive)),
    async place(name, pod) {
      const file = join(pods, `${name}.json`)
      // It passes over names that begin with a dot.
      await writeFile(join(pods, `.${name}`), pod)
      await rename(join(pods, `.${name}`), file)
    },
    remove: async (name) => rm(join(pods, `${name}.json`)),
    logs: async (container) => readLogs(podLogs, container),
    async running(container) {
      const running = new Set(await runningTasks(ctr))
      const rows = await ctr('containers', 'list', `labels."io.kubernetes.container.name"==${container}`)
      return rows.flatMap((row) => {
        const [id = '', image = ''] = row.split(/\s+/)
        return running.has(id) ? [image] : []
      })
    },
    kill: async (id) => void (await ctr('tasks', 'kill', '--signal', 'SIGKILL', id)),
    events: () => lines.flatMap((line) => eventIn(line) ?? []),
  }
}

/** kubelet.config.k8s.io/v1beta1 KubeletConfiguration. */
function configuration(socket: string, pods: string, podLogs: string) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${socket}`,
    staticPodPath: pods,
    podLogsDir: podLogs,
    // Alone on no port, and in nobody's way: a test machine may have swap, old cgroups, no systemd and a full disk.
    enableServer: false,
    healthzPort: 0,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    failSwapOn: false,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    syncFrequency: '5s',
    fileCheckFrequency: '5s',
  }
}

/** `I1121 15:00:00.000000 1 event.go:389] "Event occurred" … reason="Pulled" message="…"`, in klog's quotes. */
function eventIn(line: string): string | undefined {
  const [, reason, message] =
    /"Event occurred".* reason="([^"]*)" message=("(?:[^"\\]|\\.)*")/.exec(line) ?? []
  return message === undefined ? undefined : `${reason}: ${String(JSON.parse(message))}`
}

async function runningTasks(ctr: (...args: readonly string[]) => Promise<string[]>): Promise<string[]> {
  const rows = await ctr('tasks', 'list')
  return rows.flatMap((row) => /^(\S+) .*RUNNING/.exec(row)?.[1] ?? [])
}

/** `<Pod's namespace>_<its name>_<its uid>/<container>/<restarts>.log`, of lines `<time> stdout F <text>`. */
async function readLogs(directory: string, container: string): Promise<readonly string[]> {
  const files = await readdir(directory, { recursive: true }).catch(() => [])
  const texts = await Promise.all(
    files
      .filter((file) => file.includes(`/${container}/`) && file.endsWith('.log'))
      // Kubelet removes the log of a Pod that ends while the directory is read.
      .map(async (file) => readFile(join(directory, file), 'utf8').catch(() => '')),
  )
  return texts
    .flatMap((text) => text.split('\n').filter((line) => line !== ''))
    .sort()
    .map((line) => line.replace(/^\S+ \S+ \S+ /, ''))
}
