/** The contract that all compared planners have. */
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import type { CorpusImage, CorpusNode } from '../corpus.ts'

export type Layers = readonly (readonly StorePath[])[]
export type Planner = (image: Pick<CorpusImage, 'closure' | 'modules'>, maxLayers: number) => Layers

/** Returns the references of each path that are in the closure, without the path itself. */
export function referencesIn(closure: readonly CorpusNode[]): ReadonlyMap<StorePath, readonly StorePath[]> {
  const paths = new Set(closure.map(({ path }) => path))
  return new Map(
    closure.map(({ path, references }) => [path, references.filter((one) => one !== path && paths.has(one))]),
  )
}

/** The first paths get a layer each, and all others share the last. */
export function firstAlone(paths: readonly StorePath[], maxLayers: number): Layers {
  const alone = paths.slice(0, maxLayers - 1).map((path) => [path])
  const others = paths.slice(maxLayers - 1)
  return others.length === 0 ? alone : [...alone, others]
}
