/** Reads which paths of a store directory are valid: those that are whole, with all that they need. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseNarinfo, type Narinfo } from '../../../core/nix/narinfo.ts'
import { STORE_DIR, parseStorePath, type StorePath } from '../../../core/nix/store-path.ts'
import { damagedSinceBoot } from './power-failure.ts'

type ReadPath = { readonly narinfo: Narinfo; readonly usedMs: number }

const BOOT_MARK = 'boot-id'

/**
 * @param base the directory of the paths.
 * @param info the directory of their narinfos.
 */
export function readStoredPaths(base: string, info: string): readonly ReadPath[] {
  const names = new Set(readdirSync(base))
  const found = new Map<StorePath, ReadPath>()
  for (const name of readdirSync(info)) {
    const path = parseStorePath(`${STORE_DIR}/${name}`)
    if (path === undefined || !names.has(name)) continue
    const file = join(info, name)
    const narinfo = readNarinfo(file)
    if (narinfo?.storePath === path) found.set(path, { narinfo, usedMs: statSync(file).mtimeMs })
  }
  const files = [...found.values()].map(({ narinfo: { storePath, narHash } }) => {
    return { storePath, narHash, file: base + storePath.slice(STORE_DIR.length) }
  })
  for (const { storePath } of damagedSinceBoot(files, join(info, BOOT_MARK))) found.delete(storePath)
  removeBroken(found)
  return [...found.values()]
}

/** A path is used with all that it needs: one without them is fetched again. */
function removeBroken(found: Map<StorePath, ReadPath>): void {
  const referrers = new Map<StorePath, StorePath[]>()
  const broken: StorePath[] = []
  for (const { narinfo } of found.values())
    for (const reference of narinfo.references) {
      const known = referrers.get(reference)
      if (known === undefined) referrers.set(reference, [narinfo.storePath])
      else known.push(narinfo.storePath)
      if (!found.has(reference)) broken.push(narinfo.storePath)
    }
  for (let path = broken.pop(); path !== undefined; path = broken.pop())
    if (found.delete(path)) broken.push(...(referrers.get(path) ?? []))
}

function readNarinfo(file: string): Narinfo | undefined {
  try {
    return parseNarinfo(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
