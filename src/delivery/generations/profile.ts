/**
 * Generations of a set as generations of a Nix profile: `web-3-link` leads to the store path of generation 3, and `web` to
 * `web-3-link`. Each is a root, so no garbage collector takes what a rollback needs. `nix-env --list-generations` reads
 * them.
 */
import { mkdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Makes a link, and keeps the store path that it leads to from the garbage collector. */
export type AddRoot = (link: string, storePath: string) => Promise<void>

/** @param profile its path, such as `…/profiles/shop/web`. @throws errors of the file system, and of `addRoot`. */
export async function keepGeneration(
  profile: string,
  generation: number,
  storePath: string,
  addRoot: AddRoot,
): Promise<void> {
  await mkdir(dirname(profile), { recursive: true })
  const link = linkOf(profile, generation)
  if ((await readlink(link).catch(() => undefined)) !== storePath) {
    await rm(link, { force: true })
    await addRoot(link, storePath)
  }
  const partial = join(dirname(profile), `.${basename(profile)}.${process.pid}`)
  await rm(partial, { force: true })
  await symlink(basename(link), partial)
  await rename(partial, profile)
}

/** Removes generations, whose paths may be collected then. */
export async function forgetGenerations(profile: string, generations: readonly number[]): Promise<void> {
  await Promise.all(generations.map(async (one) => rm(linkOf(profile, one), { force: true })))
}

function linkOf(profile: string, generation: number): string {
  return `${profile}-${generation}-link`
}
