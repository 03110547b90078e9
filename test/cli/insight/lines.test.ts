/** The lines that graph commands print, in a terminal of 80 columns. */
import t from 'tap'
import { diffLines } from '../../../src/cli/insight/diff.ts'
import { licenceLines } from '../../../src/cli/insight/licences.ts'
import { topLines } from '../../../src/cli/insight/top.ts'
import { whyLines } from '../../../src/cli/insight/why.ts'
import { differenceOf } from '../../../src/insight/difference/difference.ts'
import { graphOfInventory } from '../../../src/insight/graph/inventory-graph.ts'
import { reachabilityOf } from '../../../src/insight/graph/reachability.ts'
import { MAX_COUNT, shortestPaths } from '../../../src/insight/graph/shortest-paths.ts'
import { weightsOf } from '../../../src/insight/graph/weights.ts'
import { licencePattern } from '../../../src/insight/licences/denied-licence.ts'
import { licencesOf } from '../../../src/insight/licences/licences.ts'
import { inventory, type Package } from '../../insight/image.ts'

const WIDTH = 80
const LONG = 'a-long-name-'.repeat(8)

const BEFORE = image({
  hello: { version: '2.12', size: 2000, uses: ['glibc'], licences: ['GPL-3.0-or-later'] },
})
const AFTER = image({
  hello: { version: '2.13', size: 1_500_000, uses: ['glibc'], licences: ['MIT'], build: 1 },
  [LONG]: { version: `1${'.0'.repeat(40)}`, licences: [`MIT${' OR ISC'.repeat(30)}`] },
})

function image(more: Readonly<Record<string, Package>>) {
  return inventory(
    ['hello'],
    { glibc: { version: '2.38', size: 30_000_000, output: 'bin' }, ...more },
    { base: 10 },
  )
}

void t.test('top', (t) => {
  const dag = graphOfInventory(BEFORE)
  const weights = weightsOf(dag, reachabilityOf(dag))
  t.strictSame(topLines(dag, weights, { sort: 'own', limit: 1 }, WIDTH), [
    'web.json: 2 components, 30.0 MB',
    '',
    'Most bytes of its own',
    'COMPONENT          BRINGS      OWN  CLOSURE  USERS',
    'glibc 2.38 (bin)  30.0 MB  30.0 MB  30.0 MB      1',
    '',
    '--limit shows more than 1',
  ])
  t.equal(topLines(dag, weights, { limit: 9 }, WIDTH).length, 11, 'two lists')
  t.end()
})

void t.test('diff', (t) => {
  t.strictSame(diffLines(differenceOf(BEFORE, AFTER), WIDTH).slice(4), [
    'Changed (1)',
    'PACKAGE    BEFORE            AFTER    BYTES',
    'hello      2.12              2.13   +1.5 MB',
    '  licence  GPL-3.0-or-later  MIT',
    '',
    'packages  1 unchanged, 0 only rebuilt',
    'size      30.0 MB before, 31.5 MB after, +1.5 MB',
    'layers    1 shared of 0.0 kB; an update moves 0 layers of 0.0 kB',
  ])
  t.match(diffLines(differenceOf(AFTER, BEFORE), WIDTH)[0], 'Removed (1)')
  t.end()
})

void t.test('licences', (t) => {
  const packages = licencesOf(BEFORE, [licencePattern('GPL*')])
  t.strictSame(licenceLines(packages, true, WIDTH), [
    'Denied (1)',
    'PACKAGE     LICENCE',
    'hello 2.12  GPL-3.0-or-later',
    '',
    'Unknown (1)',
    'PACKAGE     LICENCE',
    'glibc 2.38  unknown',
    '',
    '2 packages: 1 denied, 0 allowed, 1 without a known licence',
  ])
  t.equal(
    licenceLines(licencesOf(BEFORE, []), false, WIDTH).at(-1),
    '2 packages: 1 known, 1 without a known licence',
  )
  t.end()
})

void t.test('why', (t) => {
  const dag = graphOfInventory(BEFORE)
  const glibc = dag.nodes.findIndex(({ name }) => name === 'glibc')
  const ways = { node: glibc, ...shortestPaths(dag, glibc, 5) }
  const head = ['glibc 2.38 (bin), 30.0 MB: 1 shortest way of 2 steps', `  ${dag.nodes[glibc]?.path}`]
  t.strictSame(whyLines(dag, ways, WIDTH), [
    ...head,
    '',
    '  web.json',
    '  └─ hello 2.12',
    '     └─ glibc 2.38 (bin)',
  ])
  t.equal(whyLines(dag, { ...ways, count: 4 }, WIDTH).at(-1), '  … and 3 more of this length')
  t.match(whyLines(dag, { ...ways, count: MAX_COUNT }, WIDTH)[0], 'more than 1000000 ways')
  const long = whyLines(dag, { ...ways, paths: [Array.from({ length: 100 }, () => glibc)] }, WIDTH)
  t.equal(long.length, 34)
  t.end()
})

void t.test('no line is wider than the terminal', (t) => {
  const dag = graphOfInventory(AFTER)
  const weights = weightsOf(dag, reachabilityOf(dag))
  const node = dag.nodes.findIndex(({ name }) => name === LONG)
  const [head = '', , ...way] = whyLines(dag, { node, ...shortestPaths(dag, node, 5) }, WIDTH)
  const lines = [
    ...topLines(dag, weights, { limit: 10 }, WIDTH),
    ...diffLines(differenceOf(BEFORE, AFTER), WIDTH),
    ...licenceLines(licencesOf(AFTER, []), false, WIDTH),
    head,
    ...way,
  ]
  for (const line of lines) t.ok(line.length <= WIDTH, line)
  t.end()
})
