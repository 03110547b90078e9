/** The run-time graph of an image: which store path refers to which. */
import { RegistryError } from '../../core/errors/errors.ts'
import { storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { Component, Inventory } from '../inventory/component.ts'
import { makeDag, type Dag, type GraphNode } from './dag.ts'

/** More nodes than any image that is known; the table of what reaches what takes 112 MB then. */
export const MAX_NODES = 30_000

/** @throws RegistryError `too-large` for more than `MAX_NODES` nodes. */
export function graphOfInventory({ image, roots, components }: Inventory): Dag {
  const unique = new Map(components.map((component) => [component.path, component]))
  // A package that is served as an image.
  const own = unique.get(image.root)
  unique.delete(image.root)
  if (unique.size >= MAX_NODES)
    throw new RegistryError(
      'too-large',
      `the image has ${unique.size} components, and a graph at most ${MAX_NODES}`,
    )
  const root: GraphNode =
    own === undefined
      ? {
          path: image.root,
          name: storeNameOf(image.root),
          version: undefined,
          output: undefined,
          size: undefined,
        }
      : nodeOf(own)
  const nodes = [root, ...[...unique.values()].map(nodeOf)]
  const numbers = new Map(nodes.map(({ path }, number) => [path, number]))
  const numbersOf = (paths: readonly StorePath[], own: StorePath): readonly number[] => [
    ...new Set(paths.flatMap((path) => (path === own ? [] : (numbers.get(path) ?? [])))),
  ]
  return makeDag({
    nodes,
    edges: [
      numbersOf([...roots, ...(own?.references ?? [])], image.root),
      ...[...unique.values()].map(({ path, references }) => numbersOf(references, path)),
    ],
  })
}

function nodeOf({ path, name, version, output, narSize }: Component): GraphNode {
  return { path, name, version, output: output === 'out' ? undefined : output, size: narSize }
}
