/** Store paths of the Nix on this machine, for what no fake should be believed about. No network: nothing is fetched. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { nixEnv } from '../support/nix.ts'
import { storePath } from '../store-path.ts'
import { batched } from '../support/batched.ts'
import { missing } from '../support/requirement.ts'

const TIMEOUT_MS = 60_000

/** Also for `nix-daemon --stdio`, which tests start through the server's own code. */
Object.assign(process.env, nixEnv)

/** Why tests that need Nix can't run; `false` where they can, as tap's `skip` has it. */
export const withoutNix: string | false = missing('nix')

/** A directory, file or link as a store path: its name and content decide which. */
const addToStore = batched(async (paths: readonly string[]) =>
  (await run('nix-store', ['--add', ...paths])).split('\n').map(parsed),
)

/** Adds what `fill` writes to the path that it is given, under the name. */
export async function makeStorePath(
  name: string,
  fill: (path: string) => Promise<unknown>,
): Promise<StorePath> {
  const directory = await mkdtemp(join(tmpdir(), 'store-path-'))
  try {
    const path = join(directory, name)
    await fill(path)
    return await addToStore(path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The derivation of a Nix expression. */
export async function instantiate(expression: string): Promise<StorePath> {
  return parsed(await run('nix-instantiate', ['--expr', expression]))
}

/** A derivation that runs a shell script, as a Nix expression; `$out` and the builtins of sh are all it has. */
export function shellDerivation(name: string, script: string, more = ''): string {
  return `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ${indented(script)} ]; ${more} }`
}

/** Builds a derivation. @returns its outputs. */
export async function realise(derivation: StorePath): Promise<readonly StorePath[]> {
  return (await run('nix-store', ['--realise', derivation])).split('\n').map(parsed)
}

export async function nixStoreQuery(...args: readonly string[]): Promise<readonly string[]> {
  return (await run('nix-store', ['--query', ...args])).split('\n')
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(command, args, { env: nixEnv, timeout: TIMEOUT_MS })
  return stdout
}

function parsed(text: string): StorePath {
  return storePath(text.trim().replace(/!.*$/, ''))
}

/** A Nix string that may hold anything but two single quotes. */
function indented(text: string): string {
  return `''${text.replaceAll('${', "''${")}''`
}
