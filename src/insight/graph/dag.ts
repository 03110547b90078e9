/**
 * A graph of store paths: an image with its components, or derivations with their inputs. It has no circles, so every
 * walk over it ends. Nodes have numbers, since graphs of 20,000 nodes are kept in arrays.
 */
import type { StorePath } from '../../core/nix/store-path.ts'

export type GraphNode = {
  readonly path: StorePath
  readonly name: string
  readonly version: string | undefined
  /** The output of its derivation, where it is another than `out`. */
  readonly output: string | undefined
  /** Bytes; `undefined` where they aren't known. */
  readonly size: number | undefined
}

export type Dag = {
  /** Node 0 is the image. Every other node can be reached from it. */
  readonly nodes: readonly GraphNode[]
  /** The nodes that each node refers to, each once. */
  readonly edges: readonly (readonly number[])[]
  /** Every node, each before the nodes that it refers to. */
  readonly order: readonly number[]
  /** References that were left out because they closed a circle. A store has none, a document may have. */
  readonly circular: number
}

/** The nodes and edges that a `Dag` is made from. They may have circles, and nodes that nothing refers to. */
export type RawGraph = Pick<Dag, 'nodes' | 'edges'>

/** Leaves out references that close a circle. Node 0 then refers to every node that it wouldn't reach otherwise. */
export function makeDag({ nodes, edges }: RawGraph): Dag {
  const walk = new Walk(edges)
  walk.from(0)
  const isReferredTo = new Set(edges.flat())
  const lone: number[] = []
  const adopt = (isWanted: (node: number) => boolean): void => {
    for (let node = 1; node < nodes.length; node += 1)
      if (!walk.isDone(node) && isWanted(node)) {
        lone.push(node)
        walk.from(node)
      }
  }
  adopt((node) => !isReferredTo.has(node))
  adopt(() => true)
  const [root = [], ...others] = walk.kept
  return {
    nodes,
    edges: [[...root, ...lone], ...others],
    order: [0, ...walk.finished.toReversed().filter((node) => node !== 0)],
    circular: walk.circular,
  }
}

const OPEN = 1
const DONE = 2

/** A depth-first walk without recursion, since chains may be long. */
class Walk {
  readonly kept: number[][]
  /** Nodes in the order in which all that they refer to was seen. */
  readonly finished: number[] = []
  circular = 0
  readonly #edges: RawGraph['edges']
  readonly #state: Uint8Array

  constructor(edges: RawGraph['edges']) {
    this.#edges = edges
    this.#state = new Uint8Array(edges.length)
    this.kept = edges.map(() => [])
  }

  isDone(node: number): boolean {
    return this.#state[node] === DONE
  }

  from(start: number): void {
    const open = [{ node: start, next: 0 }]
    this.#state[start] = OPEN
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const target = this.#edges[top.node]?.[top.next]
      top.next += 1
      if (target === undefined) {
        this.#state[top.node] = DONE
        this.finished.push(top.node)
        open.pop()
      } else if (this.#state[target] === OPEN) {
        this.circular += 1
      } else {
        this.kept[top.node]?.push(target)
        if (this.#state[target] === DONE) continue
        this.#state[target] = OPEN
        open.push({ node: target, next: 0 })
      }
    }
  }
}
