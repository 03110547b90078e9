/**
 * nixpkgs until 2024, and still its step `popularity_contest` (pkgs/build-support/references-by-popularity): a path is
 * as popular as there are ways down to it, each counted with its length. The most popular paths get a layer each.
 */
import { storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import type { CorpusNode } from '../corpus.ts'
import { firstAlone, referencesIn, type Layers } from './planner.ts'

export function popularityContest(closure: readonly CorpusNode[], maxLayers: number): Layers {
  const score = popularityOf(closure)
  const order = closure
    .map(({ path }) => path)
    .sort((a, b) => {
      const [scoreA, scoreB] = [score.get(a) ?? 0n, score.get(b) ?? 0n]
      if (scoreA !== scoreB) return scoreA > scoreB ? -1 : 1
      return nameKey(a) < nameKey(b) ? -1 : 1
    })
  return firstAlone(order, maxLayers)
}

/** Counts are exact: they outgrow what a double holds. */
export function popularityOf(closure: readonly CorpusNode[]): ReadonlyMap<StorePath, bigint> {
  const references = referencesIn(closure)
  const known = new Map<StorePath, ReadonlyMap<StorePath, bigint>>()
  const contest = (children: readonly StorePath[]): ReadonlyMap<StorePath, bigint> => {
    const score = new Map<StorePath, bigint>()
    for (const child of children) {
      score.set(child, (score.get(child) ?? 0n) + 1n)
      const below = known.get(child) ?? contest(references.get(child) ?? [])
      known.set(child, below)
      for (const [path, count] of below) score.set(path, (score.get(path) ?? 0n) + count + 1n)
    }
    return score
  }
  const referred = new Set([...references.values()].flat())
  return contest(closure.map(({ path }) => path).filter((path) => !referred.has(path)))
}

/** The name before the hash, so that a new hash doesn't change the order. */
function nameKey(path: StorePath): string {
  return `${storeNameOf(path)}-${path}`
}
