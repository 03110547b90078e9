/**
 * Finds paths that a power failure may have damaged. Nothing is synchronised to the disk while paths are fetched. The
 * kernel writes data within half a minute by itself, so only what was fetched last can be damaged, and only if the
 * machine has started anew since. These paths are read once and compared with their hashes.
 */
import { lstatSync, readFileSync, writeFileSync } from 'node:fs'
import type { Sha256 } from '../../../core/oci/sha256.ts'
import { narHashOf } from './nar-hash.ts'

/** Linux writes data that is older than 30 s (vm.dirty_expire_centisecs), and looks every 5 s. Some for slow disks. */
const WRITTEN_MS = 120_000
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

export type CheckedPath = { readonly file: string; readonly narHash: Sha256 }

/**
 * Returns those of the paths that are damaged.
 * @param mark a file that remembers for which start of which machine the paths were checked.
 */
export function damagedSinceBoot<Path extends CheckedPath>(
  paths: readonly Path[],
  mark: string,
  bootId = bootIdOf(),
): readonly Path[] {
  if (bootId !== undefined && readText(mark) === bootId) return []
  // When a path got its name: nothing that a user of the store does changes that.
  const timed = paths.map((path) => ({ path, madeMs: lstatSync(path.file).ctimeMs }))
  const lastMs = timed.reduce((last, { madeMs }) => Math.max(last, madeMs), 0)
  const damaged = timed.flatMap(({ path, madeMs }) =>
    madeMs >= lastMs - WRITTEN_MS && !isWhole(path) ? [path] : [],
  )
  if (bootId !== undefined) writeFileSync(mark, bootId)
  return damaged
}

function isWhole({ file, narHash }: CheckedPath): boolean {
  try {
    return narHashOf(file) === narHash
  } catch {
    return false
  }
}

/** Another one for each start of each machine. */
function bootIdOf(): string | undefined {
  return readText(BOOT_ID)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
