/**
 * What a test needs of its machine. A test that can't run says why it is skipped; where nothing may be missing
 * (CI is set), what the whole project stands on must be there, and its absence fails the test instead.
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How each is recognised: by all of its commands, and `root` by the user. */
const commands = {
  nix: ['nix-build', 'nix-daemon'],
  containerd: ['containerd', 'ctr', 'runc'],
  podman: ['podman', 'conmon', 'runc'],
  skopeo: ['skopeo'],
  'docker-registry': ['docker-registry'],
  dpkg: ['dpkg-query', 'patchelf'],
  strip: ['x86_64-linux-gnu-strip', 'aarch64-linux-gnu-strip', 'dpkg-deb', 'apt-get'],
  debootstrap: ['debootstrap', 'unshare', 'chroot'],
  busybox: ['/bin/busybox'],
  catatonit: ['catatonit'],
  curl: ['curl'],
  'erofs-utils': ['mkfs.erofs', 'fsck.erofs'],
  git: ['git'],
  gzip: ['gzip'],
  jq: ['jq'],
  zstd: ['zstd'],
  script: ['script'],
  go: ['go'],
  helm: ['helm'],
  nginx: ['nginx'],
  prlimit: ['prlimit'],
  kubectl: ['kubectl'],
  'network namespaces': ['unshare', 'ip'],
  etcd: ['etcd'],
  xz: ['xz'],
  bzip2: ['bzip2'],
  lz4: ['lz4'],
  python3: ['python3'],
  pip3: ['pip3'],
  bash: ['bash'],
  zsh: ['zsh'],
  fish: ['fish'],
  groff: ['groff'],
  chromium: ['chromium'],
  sshd: ['sshd', 'ssh-keygen'],
  'emulation of arm64': ['qemu-aarch64-static'],
  trivy: ['trivy'],
  root: [],
} as const satisfies Record<string, readonly string[]>

export type Requirement = keyof typeof commands

const neverMissingInCI: ReadonlySet<Requirement> = new Set(['nix', 'containerd', 'podman', 'skopeo'])

/**
 * The reason why a test that needs these can't run here, or false: for tap's `skip`.
 * @throws where CI is set, and one that CI must have is missing.
 */
export function missing(...names: readonly Requirement[]): string | false {
  for (const name of names) {
    const reason = reasonWithout(name)
    if (reason === false) continue
    if (process.env['CI'] && neverMissingInCI.has(name)) throw new Error(`CI must not skip this: ${reason}`)
    return reason
  }
  return false
}

/** PATH with the directories of administrators' commands (runc, debootstrap), which not every shell has in it. */
export function searchPath(): string {
  return `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`
}

function reasonWithout(name: Requirement): string | false {
  if (name === 'root') return process.getuid?.() === 0 ? false : 'needs root'
  const absent = commands[name].find((command) => !isCommand(command))
  return absent === undefined ? false : `needs ${name}: no ${absent} here`
}

function isCommand(command: string): boolean {
  const candidates = command.startsWith('/')
    ? [command]
    : searchPath()
        .split(delimiter)
        .map((directory) => join(directory, command))
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
