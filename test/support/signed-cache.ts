/** Binary caches that real Nix writes and signs. */
import { mkdir, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { nixEnv } from './nix.ts'

export type SignedCache = { readonly directory: string; readonly key: string }

/**
 * Copies the closures of these paths to a cache; those of derivations with `--derivation`.
 * @param parameters of its address, such as `compression=zstd`.
 */
export async function signedCache(
  directory: string,
  paths: readonly string[],
  parameters: string,
  derivations: readonly string[] = [],
): Promise<SignedCache> {
  await mkdir(directory, { recursive: true })
  const secret = `${directory}.secret`
  await writeFile(secret, await nix(['key', 'generate-secret', '--key-name', 'test-1']))
  const key = await nix(['key', 'convert-secret-to-public'], secret)
  const to = `file://${directory}?${parameters}&secret-key=${secret}`
  await nix(['copy', '--to', to, ...paths])
  if (derivations.length > 0) await nix(['copy', '--derivation', '--to', to, ...derivations])
  return { directory, key }
}

async function nix(args: readonly string[], inputFile?: string): Promise<string> {
  const options = ['--extra-experimental-features', 'nix-command']
  const input = inputFile === undefined ? {} : { inputFile }
  return (await execa('nix', [...options, ...args], { env: nixEnv, ...input })).stdout
}
