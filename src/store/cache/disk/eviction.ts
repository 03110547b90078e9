/** Chooses the paths that leave a store that is full. */
import type { StorePath } from '../../../core/nix/store-path.ts'

export type EvictablePath = {
  readonly path: StorePath
  readonly references: readonly StorePath[]
  readonly size: number
  /** When it was last wanted by itself. A path that others need is as young as the youngest of these. */
  readonly usedMs: number
}

/**
 * Chooses paths, least recently used first, until so many bytes are freed, or until there are no more.
 * @param held paths that stay, with all that they need.
 * @returns paths in an order in which each goes before what it needs, so that no valid path ever misses one.
 */
export function pathsToEvict(
  paths: ReadonlyMap<StorePath, EvictablePath>,
  held: Iterable<StorePath>,
  bytes: number,
): readonly EvictablePath[] {
  if (bytes <= 0) return []
  const kept = closureOf(paths, held)
  const order = referrersFirst(paths)
  const used = new Map<StorePath, number>()
  for (const { path, references, usedMs } of order) {
    const own = Math.max(usedMs, used.get(path) ?? 0)
    used.set(path, own)
    for (const reference of references) used.set(reference, Math.max(own, used.get(reference) ?? 0))
  }
  // The sort is stable: of paths with the same time, referrers stay first.
  const candidates = order
    .filter(({ path }) => !kept.has(path))
    .toSorted((a, b) => (used.get(a.path) ?? 0) - (used.get(b.path) ?? 0))
  const chosen: EvictablePath[] = []
  let freed = 0
  for (const candidate of candidates) {
    if (freed >= bytes) break
    chosen.push(candidate)
    freed += candidate.size
  }
  return chosen
}

/** The paths that are in the store, and all that they need. */
export function closureOf(
  paths: ReadonlyMap<StorePath, Pick<EvictablePath, 'references'>>,
  roots: Iterable<StorePath>,
): ReadonlySet<StorePath> {
  const found = new Set<StorePath>()
  const ahead = [...roots]
  for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
    const info = paths.get(path)
    if (info === undefined || found.has(path)) continue
    found.add(path)
    ahead.push(...info.references)
  }
  return found
}

/** All paths, each before the paths that it needs. */
function referrersFirst(paths: ReadonlyMap<StorePath, EvictablePath>): readonly EvictablePath[] {
  const waiting = new Map<StorePath, number>()
  for (const { path, references } of paths.values())
    for (const reference of references)
      if (reference !== path) waiting.set(reference, (waiting.get(reference) ?? 0) + 1)
  const ready = [...paths.values()].filter(({ path }) => !waiting.has(path))
  const ordered: EvictablePath[] = []
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    ordered.push(next)
    for (const reference of next.references) {
      if (reference === next.path) continue
      const left = (waiting.get(reference) ?? 1) - 1
      waiting.set(reference, left)
      const info = paths.get(reference)
      if (left === 0 && info !== undefined) ready.push(info)
    }
  }
  return ordered
}
