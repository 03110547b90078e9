/** Graphs that tests make from lists of targets. */
import { makeDag, type Dag, type GraphNode } from '../../../src/insight/graph/dag.ts'
import { storePath } from '../../store-path.ts'

/** @param edges the targets of each node. @param sizes bytes of each node; 1 where none is given. */
export function graph(edges: readonly (readonly number[])[], sizes: readonly number[] = []): Dag {
  return makeDag({
    edges,
    nodes: edges.map((_, number): GraphNode => ({
      path: storePath(`${String(number).padStart(32, '0')}-n${number}`),
      name: `n${number}`,
      version: undefined,
      output: undefined,
      size: sizes[number] ?? 1,
    })),
  })
}

/** A graph without circles that is always the same. @param mean edges of a node. */
export function largeGraph(size: number, mean: number): Dag {
  let seed = 1
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  return graph(
    Array.from({ length: size }, (_, node) => {
      const count = Math.floor(random() * 2 * mean)
      const targets = Array.from(
        { length: count },
        () => node + 1 + Math.floor(random() ** 2 * (size - node)),
      )
      return [...new Set(targets)].filter((target) => target < size)
    }),
  )
}
