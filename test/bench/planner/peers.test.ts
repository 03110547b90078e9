/** The compared planners give what their own projects' tests and comments say. */
import t from 'tap'
import { nix2container } from '../../../bench/planner/peers/nix2container.ts'
import { nixery } from '../../../bench/planner/peers/nixery.ts'
import { popularityContest, popularityOf } from '../../../bench/planner/peers/popularity-contest.ts'
import type { CorpusNode } from '../../../bench/planner/corpus.ts'
import { storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import { storePath } from '../../store-path.ts'

/** The graph that nixpkgs and nix2container draw in their sources. */
const SHARED: readonly (readonly [string, string])[] = [
  ['A', 'BG'],
  ['B', 'CE'],
  ['C', 'DE'],
  ['D', 'F'],
  ['E', 'F'],
  ['F', ''],
  ['G', ''],
]
/** The graph that Nixery draws: E is popular, and G is large. */
const DRAWN: readonly (readonly [string, string])[] = [
  ['A', 'E'],
  ['B', 'E'],
  ['C', 'ED'],
  ['D', 'FG'],
  ['E', ''],
  ['F', ''],
  ['G', ''],
]

/** Paths have the letters as names, and hashes in the same order. */
const path = (name: string) => storePath(`${name.charCodeAt(0)}`.padEnd(32, '0') + `-${name}`)

function nodesOf(
  graph: typeof SHARED,
  sizes: { readonly [name: string]: number } = {},
  popularity: { readonly [name: string]: number } = {},
): readonly CorpusNode[] {
  return graph.map(([name, references]) => ({
    path: path(name),
    narSize: sizes[name] ?? 1,
    popularity: popularity[name] ?? 1,
    references: [name, ...references.split('')].map(path),
  }))
}

const names = (layers: readonly (readonly StorePath[])[]) =>
  layers.map((layer) => layer.map(storeNameOf).join(''))

void t.test('the popularity contest of nixpkgs counts the ways to a path, and their lengths', async (t) => {
  const scores = [...popularityOf(nodesOf(SHARED))].map(([path, score]) => `${storeNameOf(path)}${score}`)
  t.strictSame(scores.sort(), ['A1', 'B2', 'C3', 'D4', 'E5', 'F9', 'G2'])
  t.strictSame(names(popularityContest(nodesOf(SHARED), 100)), ['F', 'E', 'D', 'C', 'B', 'G', 'A'])
  t.strictSame(names(popularityContest(nodesOf(SHARED), 4)), ['F', 'E', 'D', 'CBGA'])
})

void t.test('nix2container orders as its own test has it', async (t) => {
  t.strictSame(names(nix2container(nodesOf(SHARED), 100)), ['F', 'E', 'D', 'C', 'G', 'B', 'A'])
  t.strictSame(names(nix2container(nodesOf(SHARED), 4)), ['F', 'E', 'D', 'CGBA'])
})

void t.test('Nixery groups as the example in its source', async (t) => {
  const drawn = nodesOf(DRAWN, { G: 900 }, { E: 1000, G: 10, D: 3 })
  const grouped = (limit: number) =>
    new Set(names(nixery(drawn, limit, 800)).map((layer) => layer.split('').sort().join('')))
  t.strictSame(grouped(10), new Set(['G', 'E', 'DF', 'C', 'B', 'A']))
  t.strictSame(grouped(1), new Set(['ABCDEFG']))
  const one = nixery(nodesOf(SHARED), 94)
  t.strictSame(names(one), ['ABCDEFG'], 'one root without popularity is one layer')
  const popular = nodesOf(SHARED, { A: 10, B: 20, C: 300, D: 40, E: 50, F: 600, G: 70 }, { F: 100 })
  t.strictSame(
    new Set(names(nixery(popular, 94, 1000))),
    new Set(['AG', 'BCDE', 'F']),
    'a popular path and those above the threshold have layers',
  )
})
