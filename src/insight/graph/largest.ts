/** The part of a graph that a picture has room for: its largest nodes. */
import { makeDag, type Dag } from './dag.ts'
import { reachabilityOf, type Reachability } from './reachability.ts'

export type Limits = {
  readonly nodes: number
  /** Lengths of all edges together, in ranks of the picture. */
  readonly span: number
}

export type Part = {
  /** Its edges are reduced. */
  readonly dag: Dag
  readonly leftOut: number
}

/**
 * Returns the graph without edges that others imply, cut to its largest nodes where it exceeds a limit. A node then
 * refers to the nodes that it reaches over those that were left out.
 */
export function largestPart(dag: Dag, reachability: Reachability, limits: Limits): Part {
  let part = { ...dag, edges: reachability.direct }
  if (part.nodes.length > limits.nodes) part = cut(dag, reachability, limits.nodes)
  while (part.nodes.length > 1 && spanOf(part) > limits.span)
    part = cut(dag, reachability, Math.floor(part.nodes.length / 2))
  return { dag: part, leftOut: dag.nodes.length - part.nodes.length }
}

function cut(dag: Dag, { reaches }: Reachability, limit: number): Dag {
  const kept = dag.nodes
    .map((_, node) => node)
    .slice(1)
    .toSorted((a, b) => (dag.nodes[b]?.size ?? 0) - (dag.nodes[a]?.size ?? 0))
    .slice(0, limit - 1)
    .toSorted((a, b) => a - b)
  const numbers = [0, ...kept]
  const whole = makeDag({
    nodes: numbers.flatMap((node) => dag.nodes[node] ?? []),
    edges: numbers.map((from) => numbers.flatMap((to, at) => (reaches(from, to) ? [at] : []))),
  })
  return { ...whole, edges: reachabilityOf(whole).direct, circular: dag.circular }
}

/** The rank of a node is the length of the longest way to it. */
function spanOf({ nodes, edges, order }: Dag): number {
  const ranks = nodes.map(() => 0)
  for (const node of order)
    for (const target of edges[node] ?? [])
      ranks[target] = Math.max(ranks[target] ?? 0, (ranks[node] ?? 0) + 1)
  return edges.reduce(
    (sum, targets, node) =>
      targets.reduce((inner, target) => inner + (ranks[target] ?? 0) - (ranks[node] ?? 0), sum),
    0,
  )
}
