/** Images for the bench, made by the image library like a user's. */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { nixEnv } from '../test/support/nix.ts'

const LIBRARY = fileURLToPath(new URL('../nix', import.meta.url))
const BUILD_LIMIT_MS = 120_000

/** @param contents store paths. @param maxLayers as in the library, whose default it is. */
export async function benchImage(
  name: string,
  contents: readonly string[],
  maxLayers?: number,
): Promise<string> {
  const expression = `
    (import ${LIBRARY} { }).image {
      name = "${name}";
      contents = [ ${contents.map((path) => `(builtins.storePath ${path})`).join(' ')} ];
      cmd = [ "${contents[0]}/bin/bash" "-c" "echo running" ];
      system = builtins.currentSystem;
      ${maxLayers === undefined ? '' : `maxLayers = ${maxLayers};`}
    }`
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', expression], {
    env: nixEnv,
    timeout: BUILD_LIMIT_MS,
  })
  return stdout.trim()
}
