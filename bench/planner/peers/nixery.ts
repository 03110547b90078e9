/**
 * Nixery (layers/layers.go): paths that are popular among all packages, or whose closure is large, get an edge from the
 * top of the image. Each child of the top in the tree of dominators is a layer with all below it. Those that matter
 * least are merged until they are few enough.
 */
import { storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import type { CorpusNode } from '../corpus.ts'
import { referencesIn, type Layers } from './planner.ts'

const LARGE = 100_000_000
const POPULAR = 100
/** Nixery puts these into every image. */
const IN_EVERY_IMAGE = /^(nss-cacert|iana-etc|ca-certificates-)/
const MOST_POPULAR = 500_000

/** @param large bytes of a closure, for tests with small ones. */
export function nixery(closure: readonly CorpusNode[], maxLayers: number, large = LARGE): Layers {
  const references = referencesIn(closure)
  const sizeOf = new Map(closure.map(({ path, narSize }) => [path, narSize]))
  const closureSize = new Map(
    closure.map(({ path }) => {
      const found = new Set([path])
      for (const one of found) for (const needed of references.get(one) ?? []) found.add(needed)
      return [path, [...found].reduce((sum, one) => sum + (sizeOf.get(one) ?? 0), 0)]
    }),
  )
  const popularity = new Map(
    closure.map(({ path, popularity }) => [
      path,
      IN_EVERY_IMAGE.test(storeNameOf(path)) ? MOST_POPULAR : Math.max(1, popularity),
    ]),
  )
  const referred = new Set([...references.values()].flat())
  const isTop = (path: StorePath) =>
    !referred.has(path) || (closureSize.get(path) ?? 0) > large || (popularity.get(path) ?? 1) >= POPULAR
  const layers = [...groupsBelowTop(references, isTop)]
    .map(([top, paths]) => ({
      paths,
      rating: (popularity.get(top) ?? 1) * paths.reduce((sum, path) => sum + (closureSize.get(path) ?? 0), 0),
    }))
    .sort((a, b) => a.rating - b.rating || ((a.paths[0] ?? '') < (b.paths[0] ?? '') ? -1 : 1))
  while (layers.length > maxLayers) {
    const [first, second] = layers.splice(0, 2)
    if (first === undefined || second === undefined) break
    layers.unshift({ paths: [...first.paths, ...second.paths], rating: first.rating + second.rating })
  }
  return layers.map(({ paths }) => paths.toSorted()).toReversed()
}

/**
 * Groups paths by the child of the top that dominates them. With users before what they need, a path belongs to the
 * child that all its users belong to, and is a child itself where they belong to several.
 */
function groupsBelowTop(
  references: ReadonlyMap<StorePath, readonly StorePath[]>,
  isTop: (path: StorePath) => boolean,
): ReadonlyMap<StorePath, readonly StorePath[]> {
  const users = new Map<StorePath, StorePath[]>([...references.keys()].map((path) => [path, []]))
  for (const [path, needed] of references) for (const one of needed) users.get(one)?.push(path)
  const groupOf = new Map<StorePath, StorePath>()
  const find = (path: StorePath): StorePath => {
    const known = groupOf.get(path)
    if (known !== undefined) return known
    const above = isTop(path) ? [] : [...new Set((users.get(path) ?? []).map(find))]
    const found = above.length === 1 ? (above[0] ?? path) : path
    groupOf.set(path, found)
    return found
  }
  const groups = new Map<StorePath, StorePath[]>()
  for (const path of [...references.keys()].sort()) {
    const group = find(path)
    groups.set(group, [...(groups.get(group) ?? []), path])
  }
  return groups
}
