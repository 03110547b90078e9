import t from 'tap'
import { drawnGraph } from '../../../src/insight/picture/drawn-graph.ts'
import { layoutGraph, BOX } from '../../../src/insight/picture/graph-layout.ts'
import { seededRandom } from '../../seeded-random.ts'
import { component } from '../../http/pages/synthetic-image.ts'

const LIMITS = { components: 500, references: 1500 }

/** Components whose references are given by number. */
function graphOf(references: readonly (readonly number[])[]) {
  return references.map((to, number) =>
    component(number, { references: to.map((other) => component(other).path) }),
  )
}

void t.test('references that follow from others are not drawn', (t) => {
  for (const [what, references, limits, edges, leftOut] of [
    ['nothing', [], LIMITS, '', { components: 0, references: 0 }],
    ['a chain with a short cut', [[1, 2], [2], []], LIMITS, '0-1 1-2 2-3', { components: 0, references: 0 }],
    ['a diamond', [[1, 2, 3], [3], [3], []], LIMITS, '0-1 1-2 1-3 2-4 3-4', { components: 0, references: 0 }],
    ['two tops', [[2], [2], []], LIMITS, '0-1 0-2 1-3 2-3', { components: 0, references: 0 }],
    ['itself', [[0, 1], []], LIMITS, '0-1 1-2', { components: 0, references: 0 }],
    ['a circle is cut', [[1], [2], [0]], LIMITS, '0-1 1-2 2-3', { components: 0, references: 0 }],
    [
      'one that is left out is skipped',
      [[2], [], [1]],
      { ...LIMITS, components: 2 },
      '0-1 1-2',
      { components: 1, references: 0 },
    ],
    [
      'too many references: each keeps one that leads to it',
      [[2, 3], [2, 3], [], []],
      { ...LIMITS, references: 4 },
      '0-1 0-2 1-3 1-4',
      { components: 0, references: 2 },
    ],
  ] as const) {
    const graph = drawnGraph(graphOf(references), limits)
    t.equal(graph.edges.map(({ from, to }) => `${from}-${to}`).join(' '), edges, what)
    t.strictSame(graph.leftOut, leftOut, what)
  }
  t.end()
})

void t.test('of any graph the same can be reached, and no edge can be spared', (t) => {
  const { below } = seededRandom(7)
  for (let round = 0; round < 30; round += 1) {
    const count = 2 + below(40)
    const references = Array.from({ length: count }, (_, from) =>
      Array.from({ length: below(6) }, () => from + 1 + below(count)).filter((to) => to < count),
    )
    const { edges } = drawnGraph(graphOf(references), LIMITS)
    const own = edges.filter(({ from }) => from > 0).map(({ from, to }) => [from - 1, to - 1] as const)
    const given = references.flatMap((targets, from) => targets.map((to) => [from, to] as const))
    t.strictSame(reachOf(own, count), reachOf(given, count))
    for (const edge of own)
      t.notSame(
        reachOf(
          own.filter((other) => other !== edge),
          count,
        ),
        reachOf(own, count),
      )
  }
  t.end()
})

void t.test('a layout has each node to the right of its referrers, and no two in one place', (t) => {
  const { below } = seededRandom(8)
  const references = Array.from({ length: 300 }, (_, from) =>
    Array.from({ length: below(4) }, () => from + 1 + below(40)).filter((to) => to < 300),
  )
  const graph = drawnGraph(graphOf(references), LIMITS)
  const { places, width, height } = layoutGraph(graph)
  t.equal(places.length, 301)
  for (const { from, to } of graph.edges)
    t.ok((places[from]?.x ?? 0) + BOX.width < (places[to]?.x ?? 0), `${from}-${to}`)
  t.equal(new Set(places.map(({ x, y }) => `${x} ${y}`)).size, 301)
  for (const { x, y } of places) t.ok(x >= 0 && y >= 0 && x + BOX.width <= width && y + BOX.height <= height)
  t.strictSame(layoutGraph(drawnGraph(graphOf(references), LIMITS)).places, places)
  t.ok(layoutGraph(drawnGraph([], LIMITS)).width > 0, 'the image alone')
  t.end()
})

/** All pairs of which the first reaches the second. */
function reachOf(edges: readonly (readonly [number, number])[], count: number): readonly string[] {
  const pairs: string[] = []
  for (let start = 0; start < count; start += 1) {
    const seen = new Set<number>()
    const queue = [start]
    for (const node of queue)
      for (const [from, to] of edges)
        if (from === node && !seen.has(to)) {
          seen.add(to)
          queue.push(to)
        }
    pairs.push(...[...seen].toSorted((a, b) => a - b).map((to) => `${start}-${to}`))
  }
  return pairs
}
