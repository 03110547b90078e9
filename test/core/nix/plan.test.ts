import t from 'tap'
import type { ClosureNode } from '../../../src/core/nix/closure-bits.ts'
import { planLayers } from '../../../src/core/nix/plan.ts'
import { parseStorePath, storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import { seededRandom } from '../../seeded-random.ts'

const DIGITS = '0123456789abcdfghijklmnpqrsvwxyz'

/** A path whose hash depends on `version` too. */
function path(name: string, version = 0): StorePath {
  let hash = ''
  let state = Buffer.from(`${name} ${version}`).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)
  for (let i = 0; i < 32; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    hash += DIGITS[state >>> 27] ?? '0'
  }
  const made = parseStorePath(`/nix/store/${hash}-${name}`)
  if (made === undefined) throw new Error(`no store name: ${name}`)
  return made
}

function node(name: string, narSize: number, references: readonly string[]): ClosureNode {
  return { path: path(name), narSize, references: references.map((reference) => path(reference)) }
}

const names = (layers: readonly (readonly StorePath[])[]) =>
  layers.map((layer) => layer.map(storeNameOf).join(' '))

/** The example of nixpkgs' auto-layer.py. */
const SHARED: readonly ClosureNode[] = [
  node('A', 10, ['B', 'G']),
  node('B', 20, ['C', 'E']),
  node('C', 300, ['D', 'E']),
  node('D', 40, ['F']),
  node('E', 50, ['F']),
  node('F', 600, []),
  node('G', 70, []),
]

/** Five paths of one size, each needing all behind it. */
function chain(version: number): readonly ClosureNode[] {
  const at = (name: string) => path(name, version)
  return ['a', 'b', 'c', 'd', 'e'].map((name, i, all) => ({
    path: at(name),
    narSize: 100,
    references: all.slice(i + 1).map(at),
  }))
}

const random = seededRandom(355_189)

/** A closure like those of packages: each refers to a few of those below it, and sometimes to itself. */
function closureOf(count: number): readonly ClosureNode[] {
  return Array.from({ length: count }, (_, i) => ({
    path: path(`p${i}`),
    narSize: 1 + random.below(1_000_000),
    references: [
      ...new Set(Array.from({ length: random.below(8) }, () => path(`p${random.below(i + 1)}`))),
      // The next one below, so that the last is the root of all.
      ...(i > 0 ? [path(`p${i - 1}`)] : []),
    ],
  }))
}

void t.test('paths that the same large paths need share a layer', async (t) => {
  for (const [limit, expected] of [
    [1, ['A B C D E F G']],
    [2, ['F', 'A B C D E G']],
    [3, ['F', 'C D E', 'A B G']],
    [4, ['G', 'F', 'C D E', 'A B']],
    [5, ['G', 'F', 'E', 'C D', 'A B']],
    [7, ['D', 'E', 'F', 'G', 'C', 'B', 'A']],
    [100, ['D', 'E', 'F', 'G', 'C', 'B', 'A']],
  ] as const) {
    const layers = names(planLayers(SHARED, limit))
    if (limit < 7) t.strictSame(layers, expected, `at most ${limit}`)
    else t.strictSame(new Set(layers), new Set(expected), `at most ${limit}: one each`)
  }
})

void t.test('an empty closure has no layers', async (t) => {
  t.strictSame(planLayers([], 10), [])
})

void t.test('one path is one layer, and its reference to itself changes nothing', async (t) => {
  t.strictSame(names(planLayers([node('A', 1, ['A'])], 10)), ['A'])
  const withSelf = SHARED.map(({ path, narSize, references }) => ({
    path,
    narSize,
    references: [...references, path],
  }))
  for (const limit of [1, 3, 4, 5])
    t.strictSame(planLayers(withSelf, limit), planLayers(SHARED, limit), `at most ${limit}`)
})

void t.test('references that are not in the closure are ignored', async (t) => {
  const [a, ...others] = SHARED
  if (a === undefined) return
  const stray = [{ ...a, references: [...a.references, path('stray')] }, ...others]
  t.strictSame(planLayers(stray, 4), planLayers(SHARED, 4))
})

void t.test('every path is in exactly one layer, and there are no more than asked for', async (t) => {
  for (const count of [2, 31, 32, 33, 64, 65, 200]) {
    const closure = closureOf(count)
    for (const limit of [1, 2, 7, 60, 120]) {
      const layers = planLayers(closure, limit)
      t.ok(layers.length <= limit && layers.every(({ length }) => length > 0), `${count} in at most ${limit}`)
      t.strictSame(
        layers.flat().toSorted(),
        closure.map(({ path }) => path).toSorted(),
        `${count} in ${limit}: each once`,
      )
    }
  }
})

void t.test('the order of the input is irrelevant', async (t) => {
  for (const [closure, limit] of [
    [SHARED, 4],
    [closureOf(100), 20],
  ] as const) {
    const expected = planLayers(closure, limit)
    for (let i = 0; i < 20; i++) {
      const shuffled = random
        .shuffle(closure)
        .map((entry) => ({ ...entry, references: random.shuffle(entry.references) }))
      t.strictSame(planLayers(shuffled, limit), expected)
    }
  }
})

void t.test('ties are broken by name: equal sizes give the same plan whatever the hashes', async (t) => {
  const plans = [0, 1, 2, 3].map((version) => names(planLayers(chain(version), 3)))
  for (const plan of plans) t.strictSame(plan, plans[0])
})

void t.test('paths that everything needs come first', async (t) => {
  const closure = closureOf(80)
  const layers = planLayers(closure, 60)
  const layerOf = new Map(layers.flatMap((layer, i) => layer.map((path) => [path, i] as const)))
  const root = closure.at(-1)
  t.equal(layerOf.get(root?.path ?? path('p0')), layers.length - 1, 'the root is in the last')
})

void t.test('a changed root leaves the other layers as they were', async (t) => {
  const closure = closureOf(150)
  const [root] = closure.slice(-1)
  if (root === undefined) return
  const changed = [...closure.slice(0, -1), { ...root, path: path(storeNameOf(root.path), 1) }]
  const [before, after] = [planLayers(closure, 60), planLayers(changed, 60)]
  const withRoot = before.findIndex((layer) => layer.includes(root.path))
  t.strictSame(
    after.filter((_, i) => i !== withRoot),
    before.filter((_, i) => i !== withRoot),
  )
  t.strictSame(names(after), names(before))
})

/** Of the processor, so that what else runs on the machine doesn't count. */
void t.test('a plan of a large closure takes less than a second', async (t) => {
  for (const count of [600, 3000]) {
    const closure = closureOf(count)
    for (const limit of [60, 120]) {
      const before = process.cpuUsage()
      planLayers(closure, limit)
      const ms = process.cpuUsage(before).user / 1000
      t.ok(ms < 1000, `${count} paths, at most ${limit} layers`, { ms })
    }
  }
})
