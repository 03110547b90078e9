/** The algorithms over graphs, each against a slow and simple one, and on graphs of 20,000 nodes. */
import t from 'tap'
import type { Dag } from '../../../src/insight/graph/dag.ts'
import { dominatorsOf } from '../../../src/insight/graph/dominators.ts'
import { largestPart } from '../../../src/insight/graph/largest.ts'
import { reachabilityOf } from '../../../src/insight/graph/reachability.ts'
import { MAX_COUNT, shortestPaths } from '../../../src/insight/graph/shortest-paths.ts'
import { DRAWN } from '../../../src/insight/graph/svg.ts'
import { heaviest, weightsOf, WEIGHTS } from '../../../src/insight/graph/weights.ts'
import { graph, largeGraph } from './graphs.ts'
import { processorMs } from '../../support/processor-time.ts'

/** Far more than any of them takes, so that a slow machine doesn't fail. */
const TIME_LIMIT_MS = 20_000

const SMALL = {
  'the image alone': graph([[]]),
  'a chain': graph([[1], [2], [3], []]),
  'a diamond': graph([[1, 2], [3], [3], [4], []], [0, 10, 20, 40, 80]),
  'edges that others imply': graph([[1, 2, 3], [2, 3], [3], []]),
  'random, sparse': largeGraph(60, 2),
  'random, dense': largeGraph(60, 12),
}

void t.test('the reduction reaches the same by the fewest edges', (t) => {
  t.strictSame(reachabilityOf(SMALL['edges that others imply']).direct, [[1], [2], [3], []])
  for (const [name, dag] of Object.entries(SMALL)) {
    const { direct, reaches } = reachabilityOf(dag)
    for (const node of dag.order) {
      const all = reachedFrom(dag.edges, node)
      t.strictSame(
        dag.nodes.flatMap((_, other) => (reaches(node, other) ? [other] : [])),
        [...all].toSorted((a, b) => a - b),
        `${name}: ${node}`,
      )
      for (const target of direct[node] ?? []) {
        const without = direct.with(
          node,
          (direct[node] ?? []).filter((other) => other !== target),
        )
        t.notOk(reachedFrom(without, node).has(target), `${name}: ${node} needs its edge to ${target}`)
      }
    }
  }
  t.end()
})

void t.test('a node is dominated by what takes it along', (t) => {
  for (const [name, dag] of Object.entries(SMALL)) {
    const weights = weightsOf(dag, reachabilityOf(dag))
    for (const { node, dominated, closure } of weights) {
      const all = reachedFrom(dag.edges, 0).add(0)
      const left = node === 0 ? new Set<number>() : reachedFrom(withoutNode(dag, node), 0).add(0)
      t.equal(dominated, sum(dag, all) - sum(dag, left), `${name}: only ${node} brings`)
      t.equal(closure, sum(dag, reachedFrom(dag.edges, node).add(node)), `${name}: closure of ${node}`)
    }
  }
  t.strictSame(dominatorsOf(SMALL['a diamond']), [0, 0, 0, 0, 3])
  t.end()
})

void t.test('components are sorted by what they cost', (t) => {
  const dag = SMALL['a diamond']
  const weights = weightsOf(dag, reachabilityOf(dag))
  const first = Object.fromEntries(WEIGHTS.map((name) => [name, heaviest(weights, name)[0]?.node]))
  t.strictSame(first, { dominated: 3, own: 4, closure: 2, users: 3 })
  t.equal(heaviest(weights, 'own').length, 4, 'without the image')
  t.end()
})

void t.test('the shortest ways to a component', (t) => {
  const dag = graph([[1, 2, 3], [4], [4], [5], [6], [4], []])
  for (const [target, limit, paths, count] of [
    [1, 9, [[0, 1]], 1],
    [
      4,
      9,
      [
        [0, 1, 4],
        [0, 2, 4],
      ],
      2,
    ],
    [4, 1, [[0, 1, 4]], 2],
    [
      6,
      9,
      [
        [0, 1, 4, 6],
        [0, 2, 4, 6],
      ],
      2,
    ],
    [6, 0, [], 2],
  ] as const)
    t.strictSame(shortestPaths(dag, target, limit), { paths, count }, `${target}, ${limit}`)

  // 2 ** 60 ways.
  const many = graph(
    Array.from({ length: 181 }, (_, i) =>
      i === 180 ? [] : i % 3 === 0 ? [i + 1, i + 2] : [i - (i % 3) + 3],
    ),
  )
  const { paths, count } = shortestPaths(many, 180, 3)
  t.strictSame([paths.length, count], [3, MAX_COUNT])
  t.end()
})

void t.test('what is drawn is bounded', (t) => {
  const wide = graph([Array.from({ length: 999 }, (_, i) => i + 1), ...Array.from({ length: 999 }, () => [])])
  const part = largestPart(wide, reachabilityOf(wide), DRAWN)
  t.strictSame([part.dag.nodes.length, part.leftOut], [DRAWN.nodes, 1000 - DRAWN.nodes])

  const chain = graph([[1], [2], [3], []], [0, 5, 1, 9])
  const cut = largestPart(chain, reachabilityOf(chain), { nodes: 3, span: 9 })
  t.strictSame(
    cut.dag.nodes.map(({ name }) => name),
    ['n0', 'n1', 'n3'],
  )
  t.strictSame(cut.dag.edges, [[1], [2], []], 'n1 leads to n3 over the node that was left out')
  t.equal(largestPart(chain, reachabilityOf(chain), { nodes: 9, span: 2 }).dag.nodes.length, 2)
  t.end()
})

void t.test('graphs of 20,000 nodes', (t) => {
  const chain = graph(Array.from({ length: 20_000 }, (_, i) => (i < 19_999 ? [i + 1] : [])))
  for (const [name, dag] of [
    ['random', largeGraph(20_000, 15)],
    ['a chain', chain],
  ] as const) {
    const taken = processorMs(() => {
      const reachability = reachabilityOf(dag)
      weightsOf(dag, reachability)
      shortestPaths(dag, 19_999, 10)
      largestPart(dag, reachability, DRAWN)
    })
    t.ok(taken < TIME_LIMIT_MS, `${name}: ${Math.round(taken)} ms`)
  }
  t.end()
})

function reachedFrom(edges: Dag['edges'], start: number): Set<number> {
  const found = new Set<number>()
  const queue = [start]
  for (const node of queue)
    for (const target of edges[node] ?? [])
      if (!found.has(target)) {
        found.add(target)
        queue.push(target)
      }
  return found
}

function withoutNode({ edges }: Dag, node: number): Dag['edges'] {
  return edges.map((targets, from) => (from === node ? [] : targets.filter((target) => target !== node)))
}

function sum({ nodes }: Dag, some: ReadonlySet<number>): number {
  return [...some].reduce((total, node) => total + (nodes[node]?.size ?? 0), 0)
}
