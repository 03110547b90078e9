/**
 * Finds the nodes that each node reaches, and the transitive reduction of a graph: the fewest edges by which every node reaches
 * what it did. Each node has a row of bits, one bit for every node.
 */
import type { Dag } from './dag.ts'

export type Reachability = {
  /** The edges that no other edges imply, by node. */
  readonly direct: readonly (readonly number[])[]
  /** Whether a node reaches another, over one edge or several. */
  readonly reaches: (from: number, to: number) => boolean
  /** For each node, the sum of a value of all nodes that it reaches, without the node itself. */
  readonly sums: (valueOf: (node: number) => number) => readonly number[]
}

const BITS = 32

export function reachabilityOf({ nodes, edges, order }: Dag): Reachability {
  const width = Math.ceil(nodes.length / BITS)
  const table = new Uint32Array(nodes.length * width)
  const position = new Uint32Array(nodes.length)
  for (const [i, node] of order.entries()) position[node] = i
  const rowOf = (node: number): Uint32Array => table.subarray(node * width, (node + 1) * width)
  const has = (row: Uint32Array, node: number): boolean =>
    (((row[Math.floor(node / BITS)] ?? 0) >>> (node % BITS)) & 1) === 1

  const direct = edges.map((): number[] => [])
  for (const node of order.toReversed()) {
    const row = rowOf(node)
    // A target that another one reaches stands behind it in the order, and its bit is set by then.
    const targets = (edges[node] ?? []).toSorted((a, b) => (position[a] ?? 0) - (position[b] ?? 0))
    for (const target of targets) {
      if (has(row, target)) continue
      direct[node]?.push(target)
      const other = rowOf(target)
      for (let i = 0; i < width; i += 1) row[i] = (row[i] ?? 0) | (other[i] ?? 0)
      const word = Math.floor(target / BITS)
      row[word] = (row[word] ?? 0) | (1 << (target % BITS))
    }
  }
  return {
    direct,
    reaches: (from, to) => has(rowOf(from), to),
    sums: (valueOf) => {
      const tables = byteSums(width * BITS, (node) => (node < nodes.length ? valueOf(node) : 0))
      return nodes.map((_, node) => {
        let total = 0
        for (const [i, word] of rowOf(node).entries()) {
          if (word === 0) continue
          for (let byte = 0; byte < BYTES; byte += 1)
            total += tables[(i * BYTES + byte) * BYTE_VALUES + ((word >>> (byte * 8)) & 0xff)] ?? 0
        }
        return total
      })
    },
  }
}

const BYTES = BITS / 8
const BYTE_VALUES = 256

/** For each byte of a row and each value that it may have, the sum over its bits. So a sum looks at bytes, not at bits. */
function byteSums(bits: number, valueOf: (bit: number) => number): Float64Array {
  const tables = new Float64Array((bits / 8) * BYTE_VALUES)
  for (let at = 0; at < tables.length; at += 1) {
    const value = at % BYTE_VALUES
    if (value === 0) continue
    const lowest = 31 - Math.clz32(value & -value)
    const bit = Math.floor(at / BYTE_VALUES) * 8 + lowest
    tables[at] = (tables[at - (value & -value)] ?? 0) + valueOf(bit)
  }
  return tables
}
