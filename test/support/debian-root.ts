/**
 * Newer Debians than the machine's, for the programs they have: one chroot a suite, made by debootstrap on first use
 * and kept. Needs root.
 *
 * Everything is mounted in a mount namespace of the command's own, so nothing is left mounted, however it ends, and
 * what it writes outside the directories bound for it is in memory alone or in no way.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { missing, searchPath } from './requirement.ts'

/**
 * What the tests run of each suite. One root has it all, since most of what a root costs is Debian itself.
 * libdbi-perl provides a virtual package that nix-bin needs in the end, and debootstrap can't resolve those.
 */
const packages = {
  trixie: ['nix-bin', 'libdbi-perl', 'containerd', 'runc'],
  sid: ['containerd', 'runc'],
} as const satisfies Record<string, readonly string[]>

export type Suite = keyof typeof packages

export interface Inside {
  /** Directories of this machine, by where they are in the chroot. */
  readonly binds: Readonly<Record<`/${string}`, string>>
  /** The whole environment, but for PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
}

/** Half a minute to a minute on two cores; a slow mirror may take far longer. */
const BOOTSTRAP_LIMIT_MS = 900_000

/** Two fifths of a root, and nothing runs by it. */
const unneeded = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man']

/**
 * $0 the chroot; pairs of a directory and its place, up to `--`; the command. Nix builds on a pseudoterminal of /dev.
 * A container gets a copy of `/etc/hosts`, and its users reach its root from this one. The root is pivoted and not only changed: what enters a namespace of mounts
 * again, as a command does that is run in a container, begins at the namespace's own root.
 */
const ENTER = `PATH=/usr/sbin:/usr/bin:/sbin:/bin
chmod 755 "$0"
mount --bind "$0" "$0"
while [ "$1" != -- ]; do mkdir -p "$0$2"; mount --bind "$1" "$0$2"; shift 2; done
shift
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --rbind /sys "$0/sys"
mount -t tmpfs tmpfs "$0/run"
[ -e "$0/etc/hosts" ] || echo 127.0.0.1 localhost > "$0/etc/hosts"
cd "$0"
pivot_root . media
umount -l /media
exec "$@"`

/** The reason why there is no such Debian here (also after trying to make it), or false. */
export async function missingDebianRoot(suite: Suite): Promise<string | false> {
  const reason = missing('root', 'debootstrap')
  if (reason !== false) return reason
  try {
    await debianRoot(suite)
    return false
  } catch (error) {
    return `needs a chroot of Debian ${suite}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** The chroot's directory: shared, so read it only. Made when nobody has, one process at a time, and whole or not at all. */
export async function debianRoot(suite: Suite): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pushless')
  // Named after what is in it: a longer list makes another.
  const root = join(cache, [suite, ...packages[suite]].join('-'))
  if (await exists(root)) return root
  await mkdir(cache, { recursive: true })
  return withLock(`${root}.lock`, async () => {
    if (await exists(root)) return root
    const partial = await mkdtemp(`${root}.part-`)
    try {
      await bootstrap(suite, partial)
      await rename(partial, root)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      throw error
    }
    return root
  })
}

/** The command that runs `args` in a chroot. It replaces itself by them: its process id is theirs. */
export function inRoot(root: string, args: readonly string[], { binds, env }: Inside): [string, ...string[]] {
  return [
    ...inMountNamespace,
    '/bin/sh',
    '-euc',
    ENTER,
    root,
    ...Object.entries(binds).flatMap(([place, directory]) => [directory, place]),
    '--',
    'env',
    '-i',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`),
    ...args,
  ]
}

/** Before a command: what it mounts nobody else sees, and it is gone with it. */
export const inMountNamespace = ['unshare', '--mount', '--propagation', 'private', '--'] as const

async function bootstrap(suite: Suite, directory: string): Promise<void> {
  const include = `--include=${packages[suite].join(',')}`
  await execa('debootstrap', ['--variant=minbase', include, suite, directory], {
    env: { PATH: searchPath() },
    timeout: BOOTSTRAP_LIMIT_MS,
  })
  for (const path of unneeded) await rm(join(directory, path), { recursive: true, force: true })
}

/**
 * Runs `work` while no other process does, by flock(1): the kernel frees the lock of a process that dies.
 * The lock is held by a `cat` that ends when this process closes its stdin, or dies.
 */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const holder = execa('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    stdin: 'pipe',
    buffer: false,
    reject: false,
  })
  try {
    await Promise.race([once(holder.stdout, 'data'), holder])
    return await work()
  } finally {
    holder.stdin.end()
    await holder
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
