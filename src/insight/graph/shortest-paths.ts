/** Says why a component is in an image: the shortest ways from the image to it. */
import type { Dag } from './dag.ts'

export type ShortestPaths = {
  /** The first ways, each from the image to the component. */
  readonly paths: readonly (readonly number[])[]
  /** How many there are; `MAX_COUNT` where there are more. */
  readonly count: number
}

/** Ways are counted up to here: there may be more of them than atoms. */
export const MAX_COUNT = 1_000_000

/** @param limit how many ways are listed. */
export function shortestPaths({ nodes, edges }: Dag, target: number, limit: number): ShortestPaths {
  const distance = nodes.map(() => Number.POSITIVE_INFINITY)
  const counts = nodes.map(() => 0)
  const previous = nodes.map((): number[] => [])
  distance[0] = 0
  counts[0] = 1
  const queue = [0]
  for (const node of queue) {
    const next = (distance[node] ?? 0) + 1
    for (const other of edges[node] ?? []) {
      const known = distance[other] ?? 0
      if (known < next) continue
      if (known > next) {
        distance[other] = next
        queue.push(other)
      }
      previous[other]?.push(node)
      counts[other] = Math.min(MAX_COUNT, (counts[other] ?? 0) + (counts[node] ?? 0))
    }
  }
  return { paths: waysBack(previous, target, limit), count: counts[target] ?? 0 }
}

/** Every step leads nearer to node 0, so each way that is begun also arrives. */
function waysBack(
  previous: readonly (readonly number[])[],
  target: number,
  limit: number,
): readonly (readonly number[])[] {
  const found: (readonly number[])[] = []
  const open: { readonly node: number; readonly rest: Way | undefined }[] = [
    { node: target, rest: undefined },
  ]
  for (let way = open.pop(); way !== undefined && found.length < limit; way = open.pop()) {
    if (way.node === 0) {
      found.push(nodesOf(way))
      continue
    }
    for (const node of (previous[way.node] ?? []).toReversed()) open.push({ node, rest: way })
  }
  return found
}

type Way = { readonly node: number; readonly rest: Way | undefined }

function nodesOf(way: Way): readonly number[] {
  const nodes: number[] = []
  for (let at: Way | undefined = way; at !== undefined; at = at.rest) nodes.push(at.node)
  return nodes
}
