/** Finds the components that a word on a command line means. */
import { distance } from 'fastest-levenshtein'
import { RegistryError } from '../../core/errors/errors.ts'
import { storeHashOf, storeNameOf } from '../../core/nix/store-path.ts'
import type { GraphNode } from './dag.ts'

const MAX_SUGGESTIONS = 3

/**
 * @param word a store path, its hash, its store name, or the name of a package with or without its version.
 * @returns numbers of nodes, at least one.
 * @throws RegistryError `name-unknown`, with names that are like it.
 */
export function findComponents(nodes: readonly GraphNode[], word: string): readonly number[] {
  const found = nodes.flatMap((node, number) => (number > 0 && namesOf(node).includes(word) ? [number] : []))
  if (found.length > 0) return found
  const similar = [...new Set(nodes.slice(1).map(({ name }) => name))]
    .map((name) => ({ name, far: distance(name, word) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)) || name.includes(word))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name)
  const advice = similar.length === 0 ? '' : `, did you mean ${similar.join(' or ')}?`
  throw new RegistryError('name-unknown', `the image has no component ${word}${advice}`)
}

function namesOf({ path, name, version, output }: GraphNode): readonly string[] {
  const packageName = version === undefined ? name : `${name}-${version}`
  return [
    path,
    storeHashOf(path),
    storeNameOf(path),
    `${storeHashOf(path)}-${storeNameOf(path)}`,
    name,
    packageName,
    ...(output === undefined ? [] : [`${name}.${output}`]),
  ]
}
