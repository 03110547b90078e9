/** Graphs as text and as pictures. */
import t from 'tap'
import { dotOf } from '../../../src/insight/graph/dot.ts'
import { findComponents } from '../../../src/insight/graph/find-component.ts'
import { graphOfInventory } from '../../../src/insight/graph/inventory-graph.ts'
import { svgOf } from '../../../src/insight/graph/svg.ts'
import { treeOf } from '../../../src/insight/graph/tree.ts'
import { inventory } from '../image.ts'
import { graph, largeGraph } from './graphs.ts'

const NASTY = '<b onload="x">&amp;\\N</b>'
const dag = graphOfInventory(
  inventory(['hello', 'bash'], {
    hello: { version: '2.12', size: 1000, uses: ['glibc'] },
    bash: { version: '5.2', size: 1_500_000, uses: ['glibc'] },
    glibc: { version: '2.38', size: 30_000_000, uses: ['libidn'], output: 'bin' },
    libidn: {},
  }),
)
const nasty = { ...dag, nodes: dag.nodes.map((node) => ({ ...node, name: NASTY })) }

void t.test('a tree marks what stands above', (t) => {
  t.strictSame(treeOf(dag, { lines: 100, width: 80 }), [
    'web.json',
    '├─ bash 5.2  1.5 MB',
    '│  └─ glibc 2.38 (bin)  30.0 MB',
    '│     └─ libidn',
    '└─ hello 2.12  1.0 kB',
    '   └─ glibc 2.38 (bin)  30.0 MB (above)',
  ])
  t.strictSame(treeOf(dag, { lines: 2, width: 12 }), [
    'web.json',
    '├─ …  1.5 MB',
    '… and 3 more that are not shown',
  ])
  t.end()
})

void t.test('trees of large graphs are bounded', (t) => {
  const chain = graph(Array.from({ length: 1000 }, (_, i) => (i < 999 ? [i + 1] : [])))
  t.equal(treeOf(chain, { lines: 500, width: 80 }).at(-1), '… and 979 more that are not shown')
  t.equal(treeOf(largeGraph(20_000, 5), { lines: 500, width: 80 }).length, 501)
  t.end()
})

void t.test('DOT has names as text alone', (t) => {
  const text = dotOf(dag)
  t.match(text, /\[label="glibc 2\.38 \(bin\)\\n30\.0 MB", tooltip="\/nix\/store\/0{30}03-glibc-2\.38"\]/)
  t.match(text, /"0{30}01-hello-2\.12" -> "0{30}03-glibc-2\.38"/)
  const escaped = String.raw`label="&lt;b onload=&quot;x&quot;&gt;&amp;amp;\\N&lt;/b&gt; 2.12\n1.0 kB"`
  t.ok(dotOf(nasty).includes(escaped), dotOf(nasty))
  t.end()
})

void t.test('an SVG has names as text alone, and is the same each time', async (t) => {
  const svg = await svgOf(nasty, 'a <i>note</i>')
  t.equal(await svgOf(nasty, 'a <i>note</i>'), svg)
  t.match(svg, /^<\?xml/)
  t.notMatch(svg, /<[bi][ >]/)
  t.ok(svg.includes(String.raw`&lt;b onload=&quot;x&quot;&gt;&amp;amp;\N&lt;/b&gt; 2.12`), svg)
  t.ok(svg.includes('a &lt;i&gt;note&lt;/i&gt;'))
})

void t.test('what Graphviz can’t draw is an error', async (t) => {
  // Ten edges as long as a chain of 1500 nodes.
  const side = Array.from({ length: 10 }, (_, i) => 1500 + i)
  const ladder = graph(
    Array.from({ length: 1510 }, (_, i) =>
      i === 0 ? [1, ...side] : i < 1499 ? [i + 1] : i === 1499 ? [] : [1499],
    ),
  )
  await t.rejects(svgOf(ladder), { kind: 'too-large', message: /Graphviz/ })
  t.match(await svgOf(dag), /<svg/, 'the next graph is drawn')
})

void t.test('components are found by each of their names', (t) => {
  for (const [word, found] of [
    ['glibc', [3]],
    ['glibc-2.38', [3]],
    ['glibc.bin', [3]],
    [dag.nodes[1]?.path ?? '', [1]],
    [`${'0'.repeat(31)}2`, [2]],
    [`${'0'.repeat(31)}2-bash-5.2`, [2]],
  ] as const)
    t.strictSame(findComponents(dag.nodes, word), found, word)
  for (const [word, message] of [
    ['glib', 'the image has no component glib, did you mean glibc?'],
    ['web.json', 'the image has no component web.json'],
    ['openssl', 'the image has no component openssl'],
  ] as const)
    t.throws(() => findComponents(dag.nodes, word), { kind: 'name-unknown', message }, word)
  t.end()
})
