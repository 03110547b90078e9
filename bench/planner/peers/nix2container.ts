/**
 * nix2container (closure/popularity.go, closure/layered.go): a path is as popular as there are ways down to it, from
 * any path. The most popular get a layer each. Its counts are 64-bit integers, which wrap around.
 */
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import type { CorpusNode } from '../corpus.ts'
import { firstAlone, referencesIn, type Layers } from './planner.ts'

export function nix2container(closure: readonly CorpusNode[], maxLayers: number): Layers {
  const byPath = closure.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const references = referencesIn(byPath)
  // A path gets its number when it is first seen, by itself or as a reference.
  const numbers = new Map<StorePath, number>()
  const see = (path: StorePath) => numbers.has(path) || numbers.set(path, numbers.size)
  for (const [path, needed] of references) for (const seen of [path, ...needed.toSorted()]) see(seen)
  const users = new Map<StorePath, StorePath[]>(byPath.map(({ path }) => [path, []]))
  for (const [path, needed] of references) for (const one of needed) users.get(one)?.push(path)
  const known = new Map<StorePath, bigint>()
  const scoreOf = (path: StorePath): bigint => {
    const score =
      known.get(path) ??
      (users.get(path) ?? []).reduce((sum, user) => BigInt.asIntN(64, sum + scoreOf(user)), 1n)
    known.set(path, score)
    return score
  }
  const order = [...references.keys()].sort((a, b) => {
    const [scoreA, scoreB] = [scoreOf(a), scoreOf(b)]
    if (scoreA !== scoreB) return scoreA > scoreB ? -1 : 1
    return (numbers.get(b) ?? 0) - (numbers.get(a) ?? 0)
  })
  return firstAlone(order, maxLayers)
}
