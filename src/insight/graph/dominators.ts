/**
 * Dominators: the last node that every way from the image to a node passes. A node that is taken away takes along the
 * nodes that it dominates. Source: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"; without circles one
 * pass is enough. Jumps of powers of two find the common ancestor of two nodes, since chains may be long.
 */
import type { Dag } from './dag.ts'

/** @returns the immediate dominator of each node; that of node 0 is itself. */
export function dominatorsOf({ nodes, edges, order }: Dag): readonly number[] {
  const levels = Math.max(1, Math.ceil(Math.log2(nodes.length + 1)))
  const depth = new Uint32Array(nodes.length)
  /** `ancestors[level][node]` is the dominator `2 ** level` steps above the node. */
  const ancestors = Array.from({ length: levels }, () => new Uint32Array(nodes.length))
  const above = (level: number, node: number): number => ancestors[level]?.[node] ?? 0

  const raise = (node: number, height: number): number => {
    let found = node
    for (let level = 0, rest = height; rest > 0; level += 1, rest >>>= 1)
      if ((rest & 1) === 1) found = above(level, found)
    return found
  }
  const commonOf = (one: number, other: number): number => {
    const height = Math.min(depth[one] ?? 0, depth[other] ?? 0)
    let a = raise(one, (depth[one] ?? 0) - height)
    let b = raise(other, (depth[other] ?? 0) - height)
    if (a === b) return a
    for (let level = levels - 1; level >= 0; level -= 1)
      if (above(level, a) !== above(level, b)) {
        a = above(level, a)
        b = above(level, b)
      }
    return above(0, a)
  }

  const candidate: (number | undefined)[] = nodes.map(() => undefined)
  for (const node of order) {
    // All that refer to the node were visited, since they stand before it in the order.
    const dominator = candidate[node] ?? 0
    depth[node] = node === 0 ? 0 : (depth[dominator] ?? 0) + 1
    for (const [level, row] of ancestors.entries())
      row[node] = level === 0 ? dominator : above(level - 1, above(level - 1, node))
    for (const target of edges[node] ?? []) {
      const known = candidate[target]
      candidate[target] = known === undefined ? node : commonOf(known, node)
    }
  }
  return nodes.map((_, node) => above(0, node))
}
