/** Fetches the archives of parts.json to a directory of the user's cache, once. Their hashes are checked. */
import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Apt, fetchFromNpm } from './clients.ts'
import { ARCHITECTURES, type Parts } from './parts.ts'

/** @returns the directory, where each archive has its hash as name. @throws for one with another hash. */
export async function fetchParts({ node, debian }: Parts): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const archives = join(cache, 'pushless', 'registry-image')
  await mkdir(archives, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'pushless-parts-'))
  try {
    for (const architecture of ARCHITECTURES) {
      const { name, sha256 } = node.packages[architecture]
      if (!(await isThere(join(archives, sha256))))
        await keep(archives, await fetchFromNpm(name, node.version, work), sha256)
      const missing = []
      for (const one of debian.packages)
        if (!(await isThere(join(archives, one.sha256[architecture])))) missing.push(one)
      if (missing.length === 0) continue
      const apt = await Apt.open(join(work, architecture), architecture)
      for (const one of missing)
        await keep(archives, await apt.fetch(one.package, one.version), one.sha256[architecture])
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
