/**
 * A newer Nix than the machine's (2.26, of Debian trixie) to speak the worker protocol with, in a chroot made by
 * debootstrap. The chroot is made once and kept; each user gets a store of its own, bound over its /nix. Needs root.
 *
 * Everything is mounted in a mount namespace of the command's own, so nothing is left mounted, however it ends.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { missing, searchPath } from './requirement.ts'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface ChrootNix {
  /** The chroot, shared: read it only. */
  readonly dir: string
  /** Where its `/nix/store` is on this machine. */
  readonly storeDir: string
  /** A command that speaks the worker protocol on stdin and stdout, about the chroot's own store. */
  readonly daemonCommand: readonly [string, ...string[]]
  /** Runs a command in the chroot, e.g. `['nix-store', '--query', path]`; gives its stdout. */
  run(args: readonly string[]): Promise<string>
  /** Copies a file into the chroot's `/nix/files`; gives the path it has there. */
  addFile(name: string, content: string): Promise<string>
}

/** debootstrap took 30 to 50 s on two cores; a slow mirror may take far longer. */
const BOOTSTRAP_LIMIT_MS = 900_000
const RUN_LIMIT_MS = 300_000

/** The reason why there is no such Nix here (also after trying to make it), or false. */
export async function missingTrixieNix(): Promise<string | false> {
  const reason = missing('root', 'debootstrap')
  if (reason !== false) return reason
  try {
    await trixieRoot()
    return false
  } catch (error) {
    return `needs a Debian trixie chroot: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

export async function chrootNix(scope: Scope): Promise<ChrootNix> {
  const dir = await trixieRoot()
  const nix = join(await temporaryDirectory(scope, 'trixie-nix'), 'nix')
  await mkdir(join(nix, 'etc'), { recursive: true })
  await mkdir(join(nix, 'files'))
  await writeFile(
    join(nix, 'etc/nix.conf'),
    'substituters =\nexperimental-features = nix-command\nsandbox = false\nbuild-users-group =\n',
  )
  const inside = (args: readonly string[]): [string, ...string[]] => [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--',
    '/bin/sh',
    '-euc',
    // $0 the chroot, $1 what becomes its /nix, then the command. Nix reads /proc/self/exe, and builds on a pseudoterminal.
    'mount --bind "$1" "$0/nix"; mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; shift; PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec chroot "$0" "$@"',
    dir,
    nix,
    'env',
    '-i',
    'PATH=/usr/bin:/bin',
    'HOME=/root',
    'NIX_CONF_DIR=/nix/etc',
    ...args,
  ]
  return {
    dir,
    storeDir: join(nix, 'store'),
    daemonCommand: inside(['nix-daemon', '--stdio']),
    async run(args) {
      const [file, ...rest] = inside(args)
      const { stdout } = await execa(file, rest, { env: { PATH: searchPath() }, timeout: RUN_LIMIT_MS })
      return stdout
    },
    async addFile(name, content) {
      await writeFile(join(nix, 'files', name), content)
      return `/nix/files/${name}`
    },
  }
}

/** The chroot's directory; makes it when nobody has, one process at a time, and whole or not at all. */
async function trixieRoot(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pushless')
  const root = join(cache, 'trixie-nix')
  if (await exists(root)) return root
  await mkdir(cache, { recursive: true })
  return withLock(join(cache, 'trixie-nix.lock'), async () => {
    if (await exists(root)) return root
    const partial = await mkdtemp(`${root}.part-`)
    try {
      await bootstrap(partial)
      await rename(partial, root)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      throw error
    }
    return root
  })
}

async function bootstrap(directory: string): Promise<void> {
  // libdbi-perl provides a virtual package that nix-bin needs in the end, and debootstrap can't resolve those.
  await execa('debootstrap', ['--variant=minbase', '--include=nix-bin,libdbi-perl', 'trixie', directory], {
    env: { PATH: searchPath() },
    timeout: BOOTSTRAP_LIMIT_MS,
  })
  await rm(join(directory, 'var/cache/apt'), { recursive: true, force: true })
  await rm(join(directory, 'var/lib/apt/lists'), { recursive: true, force: true })
  await mkdir(join(directory, 'nix'), { recursive: true })
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
