/** Fetches the archives of parts.json to a directory of the user's cache, once. Their hashes are checked. */
import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Apt, fetchFromNpm } from './clients.ts'
import type { Architecture, Parts } from './parts.ts'

/** The images that parts are for. */
export type Variant = { readonly architectures: readonly Architecture[]; readonly hasNix: boolean }

/** @returns the directory, where each archive has its hash as name. @throws for one with another hash. */
export async function fetchParts(
  { node, debian }: Parts,
  { architectures, hasNix }: Variant,
): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const archives = join(cache, 'pushless', 'registry-image')
  await mkdir(archives, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'pushless-parts-'))
  const packages = [...debian.packages, ...(hasNix ? debian.nixPackages : [])]
  try {
    for (const architecture of architectures) {
      const { name, sha256 } = node.packages[architecture]
      if (!(await isThere(join(archives, sha256))))
        await keep(archives, await fetchFromNpm(name, node.version, work), sha256)
      const missing = new Map<string, { readonly version: string; readonly hash: string }>()
      for (const { package: name, version, sha256 } of packages) {
        const hash = sha256[architecture]
        if (hash !== undefined && !(await isThere(join(archives, hash)))) missing.set(name, { version, hash })
      }
      if (missing.size === 0) continue
      const apt = await Apt.open(join(work, architecture), architecture, debian.codename)
      const files = await apt.fetch(new Map([...missing].map(([name, { version }]) => [name, version])))
      for (const [name, { hash }] of missing) await keep(archives, files.get(name) ?? name, hash)
    }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return archives
}

export async function sha256OfFile(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

async function keep(archives: string, file: string, expected: string): Promise<void> {
  const hash = await sha256OfFile(file)
  if (hash !== expected) throw new Error(`${file}: its SHA-256 is ${hash}, expected ${expected}`)
  const partial = join(archives, `.${hash.slice(0, 16)}-${process.pid}`)
  await copyFile(file, partial)
  await rename(partial, join(archives, hash))
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
