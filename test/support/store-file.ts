/** Files and directories of the Nix store that refer to other paths, as a builder's output does: what `--add` can't make. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { batched } from './batched.ts'
import { nixEnv } from './nix.ts'
import { scoped, temporaryDirectory } from './scope.ts'
import { storePath } from '../store-path.ts'

const BUILD_LIMIT_MS = 60_000

export type StoreFileOptions = {
  /** Paths that the file may name: Nix finds out which it does. */
  readonly references?: readonly string[]
  readonly isExecutable?: boolean
}

/** A file with this content as a store path. */
export async function storeFile(
  name: string,
  content: Uint8Array | string,
  { references = [], isExecutable = false }: StoreFileOptions = {},
): Promise<StorePath> {
  return scoped(async (scope) => {
    const directory = join(await temporaryDirectory(scope, 'store-file'), 'content')
    await mkdir(directory)
    await writeFile(join(directory, 'file'), content)
    return build(`derivation {
      name = ${JSON.stringify(name)};
      system = builtins.currentSystem;
      builder = "/bin/sh";
      PATH = "/usr/bin:/bin";
      content = ${directory};
      references = [ ${references.map((path) => `(builtins.storePath ${path})`).join(' ')} ];
      args = [ "-euc" "cp $content/file $out; chmod ${isExecutable ? '755' : '644'} $out" ];
    }`)
  })
}

/** Builds a derivation, an expression. */
const build = batched(async (expressions: readonly string[]): Promise<readonly StorePath[]> => {
  const all = `[ ${expressions.map((expression) => `(${expression})`).join('\n')} ]`
  const { stdout } = await execa('nix-build', ['--no-out-link', '--expr', all], {
    env: nixEnv,
    timeout: BUILD_LIMIT_MS,
  })
  return stdout.trim().split('\n').map(storePath)
})
