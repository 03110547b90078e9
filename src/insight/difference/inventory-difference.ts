/** Compares the components of two images. */
import type { Component, Inventory } from '../inventory/component.ts'

export type Change = { readonly before: Component; readonly after: Component }

export type Difference = {
  /** Sorted by name. */
  readonly added: readonly Component[]
  readonly removed: readonly Component[]
  /** The same name and output with another store path: another version, or the same version made otherwise. */
  readonly changed: readonly Change[]
  /** How many store paths are in both. */
  readonly unchanged: number
}

export function inventoryDifference(before: Inventory, after: Inventory): Difference {
  const old = byPackage(without(before.components, after.components))
  const now = byPackage(without(after.components, before.components))
  const changed: Change[] = []
  const added: Component[] = []
  const removed: Component[] = []
  for (const key of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
    const [left, right] = [old.get(key) ?? [], now.get(key) ?? []]
    for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
      const [gone, come] = [left[at], right[at]]
      if (gone !== undefined && come !== undefined) changed.push({ before: gone, after: come })
      else if (come !== undefined) added.push(come)
      else if (gone !== undefined) removed.push(gone)
    }
  }
  const isThere = new Set(before.components.map(({ path }) => path))
  return {
    added,
    removed,
    changed,
    unchanged: after.components.filter(({ path }) => isThere.has(path)).length,
  }
}

function without(components: readonly Component[], others: readonly Component[]): readonly Component[] {
  const known = new Set(others.map(({ path }) => path))
  return components.filter(({ path }) => !known.has(path))
}

/** An image may have several versions of one package: they are matched in the order of their versions. */
function byPackage(components: readonly Component[]): ReadonlyMap<string, readonly Component[]> {
  const grouped = Map.groupBy(components, ({ name, output = 'out' }) => `${name}\n${output}`)
  return new Map(
    [...grouped].map(([key, some]) => [
      key,
      some.toSorted((a, b) => compare(a.version ?? '', b.version ?? '') || compare(a.path, b.path)),
    ]),
  )
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
