import t from 'tap'
import { graphOfInventory, MAX_NODES } from '../../../src/insight/graph/inventory-graph.ts'
import { inventory } from '../image.ts'
import { graph } from './graphs.ts'

void t.test('graphs without circles stay as they are, and others lose the edges that close one', (t) => {
  for (const [name, given, kept, circular] of [
    ['a diamond', [[1, 2], [3], [3], []], [[1, 2], [3], [3], []], 0],
    ['two that need each other', [[1], [2], [1]], [[1], [2], []], 1],
    ['a circle through the image', [[1], [2], [0]], [[1], [2], []], 1],
    ['one that needs itself', [[1], [1]], [[1], []], 1],
    ['nodes that nothing refers to', [[1], [], [3], []], [[1, 2], [], [3], []], 0],
    ['a circle that nothing refers to', [[], [2], [1]], [[1], [2], []], 1],
  ] as const) {
    const found = graph(given)
    t.strictSame(found.edges, kept, name)
    t.equal(found.circular, circular, name)
    const place = new Map(found.order.map((node, i) => [node, i]))
    t.strictSame(
      [...found.order].toSorted((a, b) => a - b),
      given.map((_, i) => i),
      `${name}: each node once`,
    )
    t.equal(found.order[0], 0, name)
    for (const [from, targets] of found.edges.entries())
      for (const to of targets) t.ok((place.get(from) ?? 0) < (place.get(to) ?? 0), `${name}: ${from}, ${to}`)
  }
  t.end()
})

void t.test('the graph of an image', (t) => {
  const { nodes, edges } = graphOfInventory(
    inventory(['hello'], {
      hello: { version: '2.12', size: 10, uses: ['hello', 'glibc', 'glibc', 'unknown'] },
      glibc: { output: 'bin' },
    }),
  )
  t.strictSame(
    nodes.map(({ name, version, output, size }) => [name, version, output, size]),
    [
      ['web.json', undefined, undefined, undefined],
      ['hello', '2.12', undefined, 10],
      ['glibc', undefined, 'bin', undefined],
    ],
  )
  t.strictSame(edges, [[1], [2], []])
  t.end()
})

void t.test('an image of too many components is refused', (t) => {
  const { components, ...image } = inventory([], { hello: {} })
  const many = Array.from({ length: MAX_NODES }, (_, i) =>
    components.map((component) => ({
      ...component,
      path:
        inventory([], { hello: { build: i % 10, version: String(i) } }).components[0]?.path ?? component.path,
    })),
  ).flat()
  t.throws(() => graphOfInventory({ ...image, components: many }), { kind: 'too-large', message: /30000/ })
  t.end()
})
