/**
 * Computes the hash of the server's modules that nix/package.nix has, as the derivation there installs them. Run it after
 * a change of package-lock.json. It needs npm, Nix and the registry of packages.
 *
 *   node_modules/.bin/node scripts/node-modules-hash.ts             prints the hash
 *   node_modules/.bin/node scripts/node-modules-hash.ts --write     writes it into nix/package.nix as well
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const root = fileURLToPath(new URL('..', import.meta.url))
const PACKAGE = join(root, 'nix/package.nix')
const HASH = /(?<=nodeModulesHash \? ")[^"]+(?=")/
/** An install takes 10 s; a slow mirror may take far longer. */
const INSTALL_LIMIT_MS = 300_000

/** Installs the modules into a new directory, by the script that the derivation runs. */
export async function installNodeModules(directory: string): Promise<void> {
  await execa('sh', [join(root, 'scripts/node-modules.sh'), root, directory], { timeout: INSTALL_LIMIT_MS })
}

/** @returns the hash of a directory as a NAR, as Subresource Integrity writes it: `sha256-…`. */
export async function narHash(directory: string): Promise<string> {
  // Each Nix writes it in base 16, and newer ones alone as it is wanted.
  const { stdout } = await execa('nix-hash', ['--type', 'sha256', directory])
  return `sha256-${Buffer.from(stdout.trim(), 'hex').toString('base64')}`
}

/** @returns the hash that nix/package.nix has. */
export async function writtenHash(): Promise<string | undefined> {
  return HASH.exec(await readFile(PACKAGE, 'utf8'))?.[0]
}

async function main(isWriting: boolean): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pushless-node-modules-'))
  try {
    await installNodeModules(directory)
    const hash = await narHash(directory)
    if (isWriting) await writeFile(PACKAGE, (await readFile(PACKAGE, 'utf8')).replace(HASH, hash))
    console.log(hash)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

if (import.meta.main) await main(process.argv.includes('--write'))
