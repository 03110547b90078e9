/**
 * Planner 2. It decides which store paths share a layer, by what a cluster pays for the layers in the long run: the
 * bytes that are fetched again, the images that can't share a layer, and a price for each layer.
 *
 *       modules                 layers, lowest first
 *
 *       certificates ─┐         ┌───────────────┐ base: the closure of a small module, without the layers below.
 *       coreutils ────┤         │ certificates… │ Which paths these are is decided by the modules themselves. So the
 *       bash ─────────┤  ───►   ├───────────────┤ layers are the same in images that have nothing else in common.
 *       application ──┘         │ coreutils…    │
 *          │                    ├───────────────┤
 *          ├── libicu  37 MB    │ bash…         │
 *          ├── perl    30 MB    ├───────────────┤ alone: a path that is large. A layer with one path is the same in
 *          ├── zlib   0.2 MB    │ libicu        │ every image that has the path, and changes only with it.
 *          └── …                ├───────────────┤
 *                               │ perl          │
 *                               ├───────────────┤ rest: all other paths. It changes with each of them, and no other
 *                               │ zlib, …       │ image has it. So it is as small as the number of layers allows.
 *                               └───────────────┘
 *
 * Which paths stand alone? A path that rests on many others changes nearly as often as the rest, so it saves little.
 * With n paths in the image, c of which are in the path's closure, a layer of its own saves about
 *
 *       bytes × (1 − √(c / n))
 *
 * at each change. The paths that save most stand alone, until the layers are used up, or until a path saves less than
 * one more layer costs. Stable layers come first: a client unpacks all layers above the first one that is new.
 *
 * Why not groups that depend on each other, as planner 1 makes them? A group depends on all paths of the image: one path
 * more or less makes another group, and then nothing of it is shared. Measured on real images and updates, single
 * paths beat each kind of group, except for the base (bench/planner, docs/layers.md).
 *
 * Giant layers: a client fetches three layers at a time, and one large layer keeps a single connection busy. So large
 * paths of the base stand alone, where there are layers enough.
 *
 * Deterministic: ties are broken by store name, then hash. Any change of a plan is another planner: digests depend on it.
 */
import { descendants, members, type ClosureNode } from './closure-bits.ts'
import { compareByName, type StorePath } from './store-path.ts'

export type LayerBudget = {
  /** At least 1. */
  readonly maxLayers: number
  /** The bytes whose fetch takes as long as a layer does. */
  readonly layerPrice: number
}

/** A layer of a tar takes 4.4 ms. A megabyte takes 10.2 ms, and 8 ms in a network of 1 Gbit/s (docs/layers.md). */
export const TAR_LAYER_PRICE = 240_000
/** A layer of EROFS takes 12.1 ms, since each is mounted. A megabyte takes 1.5 ms, and the same 8 ms. */
export const EROFS_LAYER_PRICE = 1_280_000

/** A base is common. A module that rests on more paths is an application, measured on bench/planner's corpus. */
const MAX_BASE_PATHS = 24
/** Bytes. A base layer with less isn't worth a layer. */
const MIN_BASE_BYTES = 1_000_000
/** Bytes of a path in the base that stands alone, from this number of layers on. */
const GIANT_BYTES = 10_000_000
const MIN_LAYERS_FOR_GIANTS = 12
/** The part of the layers that the base may have. */
const BASE_SHARE = 1 / 2

/**
 * @param closure every node's references are in it (self-references are allowed and ignored).
 * @param modules the paths of the closure that the image names itself, such as the packages in its contents.
 * @returns the paths of each layer, ordered by name.
 */
export function planByCost(
  closure: readonly ClosureNode[],
  modules: readonly StorePath[],
  { maxLayers, layerPrice }: LayerBudget,
): readonly (readonly StorePath[])[] {
  const nodes = closure.toSorted((a, b) => compareByName(a.path, b.path))
  const below = descendants(nodes).map(members)
  const sizeOf = (i: number) => nodes[i]?.narSize ?? 0
  /** Paths in the closure of a path, itself included. */
  const countOf = (i: number) => (below[i]?.length ?? 0) + 1
  const byCount = (a: number, b: number) => countOf(a) - countOf(b) || a - b

  const named = new Set<string>(modules)
  const modulesUp = [...nodes.keys()].filter((i) => named.has(nodes[i]?.path ?? '')).sort(byCount)
  const base = baseLayers(modulesUp, { below, sizeOf, maxLayers })
  const placed = new Set(base.flat())

  const saves = new Map(
    [...nodes.keys()]
      .filter((i) => !placed.has(i))
      .map((i) => [i, sizeOf(i) * (1 - Math.sqrt(countOf(i) / nodes.length))]),
  )
  const bySaving = [...saves].sort(([a, savesA], [b, savesB]) => savesB - savesA || a - b)
  const alone = bySaving
    .slice(0, maxLayers - base.length - 1)
    .filter(([, bytes]) => bytes >= layerPrice)
    .map(([i]) => i)
  const rest = [...saves.keys()].filter((i) => !alone.includes(i))
  return [...base, ...alone.sort(byCount).map((i) => [i]), rest]
    .filter((layer) => layer.length > 0)
    .map((layer) => layer.flatMap((i) => nodes[i]?.path ?? []))
}

type Graph = {
  readonly below: readonly (readonly number[])[]
  readonly sizeOf: (node: number) => number
  readonly maxLayers: number
}

/** @param modulesUp those with few paths first. The last one is the application. */
function baseLayers(
  modulesUp: readonly number[],
  { below, sizeOf, maxLayers }: Graph,
): readonly (readonly number[])[] {
  const layers: (readonly number[])[] = []
  const placed = new Set<number>()
  for (const module of modulesUp.slice(0, -1)) {
    const closure = [module, ...(below[module] ?? [])]
    const added = closure.filter((i) => !placed.has(i)).sort((a, b) => a - b)
    const bytes = added.reduce((sum, i) => sum + sizeOf(i), 0)
    if (closure.length > MAX_BASE_PATHS || bytes < MIN_BASE_BYTES) continue
    const isGiant = (i: number) => maxLayers >= MIN_LAYERS_FOR_GIANTS && sizeOf(i) >= GIANT_BYTES
    const others = added.filter((i) => !isGiant(i))
    const more = [...added.filter(isGiant).map((i) => [i]), ...(others.length === 0 ? [] : [others])]
    if (layers.length + more.length > maxLayers * BASE_SHARE) break
    layers.push(...more)
    for (const i of added) placed.add(i)
  }
  return layers
}
