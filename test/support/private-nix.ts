/**
 * A Nix store that nobody else sees: a directory of the test's own over `/nix`, in a mount namespace of each command's
 * own. For what must not be done to the machine's store: collect its garbage, fill its disk, count what is left
 * behind. Nothing is left mounted, however a command ends, but a store of limited size until its scope ends. Needs root.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { nixEnv } from './nix.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export interface PrivateNix {
  /** Where its `/nix` is on this machine. */
  readonly directory: string
  /** What a command begins with that shall see this store: the command itself stays the process that was started. */
  readonly prefix: readonly [string, ...string[]]
  /** Runs a command that sees it: the lines it prints. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string[]>
}

const RUN_LIMIT_MS = 120_000

/** @param size of the file system it is on, e.g. `64m`: in memory, and no larger. */
export async function privateNix(scope: Scope, size?: string): Promise<PrivateNix> {
  const base = await temporaryDirectory(scope, 'private-nix')
  if (size !== undefined) {
    await execa('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'pushless-test', base])
    scope.teardown(() => execa('umount', ['--lazy', base]).then(() => undefined))
  }
  const directory = join(base, 'nix')
  await mkdir(directory)
  const prefix = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--',
    '/bin/sh',
    '-euc',
    'mount --bind "$0" /nix; exec "$@"',
    directory,
  ] as const
  const run: PrivateNix['run'] = async (args, env = {}) => {
    const [file, ...rest] = prefix
    const { stdout } = await execa(file, [...rest, ...args], {
      env: { ...nixEnv, ...env },
      timeout: RUN_LIMIT_MS,
      lines: true,
    })
    return stdout.filter((line) => line !== '')
  }
  // Two Nix programs that make the same database at once can fail: "'/nix/var/nix/db/schema' is corrupt".
  await run(['nix-store', '--init'])
  return { directory, prefix, run }
}
