/** The bytes that each component of an image costs, and how much it is used. Bytes of unknown size count as 0. */
import type { Dag } from './dag.ts'
import { dominatorsOf } from './dominators.ts'
import type { Reachability } from './reachability.ts'

export type Weight = {
  readonly node: number
  /** Bytes of the path itself. */
  readonly own: number
  /** Bytes of the path and of all that it needs. */
  readonly closure: number
  /** Bytes that the image would lose without it: its own, and those of paths that only it brings. */
  readonly dominated: number
  /** Paths that refer to it, the image among them. */
  readonly users: number
}

/** Names of the values that a list is sorted by. */
export const WEIGHTS = ['dominated', 'own', 'closure', 'users'] as const
export type WeightName = (typeof WEIGHTS)[number]

/** @returns one for each node, in the order of the nodes. */
export function weightsOf(dag: Dag, reachability: Reachability): readonly Weight[] {
  const sizeOf = (node: number): number => dag.nodes[node]?.size ?? 0
  const dominators = dominatorsOf(dag)
  const dominated = dag.nodes.map((_, node) => sizeOf(node))
  for (const node of dag.order.toReversed()) {
    const dominator = dominators[node] ?? 0
    if (node !== 0) dominated[dominator] = (dominated[dominator] ?? 0) + (dominated[node] ?? 0)
  }
  const closures = reachability.sums(sizeOf)
  const users = dag.nodes.map(() => 0)
  for (const targets of dag.edges) for (const target of targets) users[target] = (users[target] ?? 0) + 1
  return dag.nodes.map((_, node) => ({
    node,
    own: sizeOf(node),
    closure: sizeOf(node) + (closures[node] ?? 0),
    dominated: dominated[node] ?? 0,
    users: users[node] ?? 0,
  }))
}

/** The components, without the image, heaviest first. Of equal ones, the larger is first. */
export function heaviest(weights: readonly Weight[], by: WeightName): readonly Weight[] {
  return weights.slice(1).toSorted((a, b) => b[by] - a[by] || b.own - a.own)
}
