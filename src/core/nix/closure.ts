/** Selects the paths of a closure that belong into a layer, from the references of each. */
import type { StorePath } from './store-path.ts'

export type ClosureWanted = {
  /** The path that the closure belongs to. */
  readonly roots: readonly StorePath[]
  /**
   * Left out, as far as nothing but a root that is left out itself refers to them: what describes the image, and what
   * its description names without its being in the image.
   */
  readonly except: readonly StorePath[]
  /** Paths whose contents are in the image elsewhere: what they refer to is needed. */
  readonly unpacked: readonly StorePath[]
}

/** @returns the paths, each once. What no node is known for is left out. */
export function pathsOfClosure(
  nodes: ReadonlyMap<StorePath, { readonly references: readonly StorePath[] }>,
  { roots, except, unpacked }: ClosureWanted,
): ReadonlySet<StorePath> {
  const leftOut = new Set(except)
  const referencesOf = (path: StorePath) => nodes.get(path)?.references ?? []
  const pending = [
    ...roots.flatMap((root) =>
      leftOut.has(root) ? referencesOf(root).filter((path) => !leftOut.has(path)) : [root],
    ),
    ...unpacked.flatMap(referencesOf),
  ]
  const found = new Set<StorePath>()
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path) || !nodes.has(path)) continue
    found.add(path)
    pending.push(...referencesOf(path))
  }
  return found
}
