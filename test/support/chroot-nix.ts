/**
 * A newer Nix than the machine's (2.26, of Debian trixie) to speak the worker protocol with, in a chroot. The chroot
 * is shared; each user gets a store of its own, bound over its /nix. Needs root.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { debianRoot, inRoot, missingDebianRoot } from './debian-root.ts'
import { searchPath } from './requirement.ts'
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
  /** Copies a directory into the chroot's `/nix/files`; gives the path it has there. */
  addDirectory(name: string, from: string): Promise<string>
}

const RUN_LIMIT_MS = 300_000

/** The reason why there is no such Nix here (also after trying to make it), or false. */
export async function missingTrixieNix(): Promise<string | false> {
  return missingDebianRoot('trixie')
}

export async function chrootNix(scope: Scope): Promise<ChrootNix> {
  const dir = await debianRoot('trixie')
  const nix = join(await temporaryDirectory(scope, 'trixie-nix'), 'nix')
  await mkdir(join(nix, 'etc'), { recursive: true })
  await mkdir(join(nix, 'files'))
  await writeFile(
    join(nix, 'etc/nix.conf'),
    'substituters =\nexperimental-features = nix-command\nsandbox = false\nbuild-users-group =\n',
  )
  const inside = (args: readonly string[]) =>
    inRoot(dir, args, { binds: { '/nix': nix }, env: { NIX_CONF_DIR: '/nix/etc' } })
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
    async addDirectory(name, from) {
      await cp(from, join(nix, 'files', name), { recursive: true })
      return `/nix/files/${name}`
    },
  }
}
