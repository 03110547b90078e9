import t from 'tap'
import { planByCost, type LayerBudget } from '../../../src/core/nix/plan-by-cost.ts'
import type { ClosureNode } from '../../../src/core/nix/closure-bits.ts'
import { storeNameOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import { seededRandom } from '../../seeded-random.ts'
import { storePath } from '../../store-path.ts'

const MB = 1_000_000
const DIGITS = '0123456789abcdfghijklmnpqrsvwxyz'

/** A path whose hash depends on the version. */
const path = (name: string, version = 0) =>
  storePath(
    `${DIGITS[version] ?? '0'}${Buffer.from(name).toString('hex').replaceAll('e', 'z').slice(0, 31).padEnd(31, '0')}-${name}`,
  )

function node(name: string, megabytes: number, references: readonly string[]): ClosureNode {
  return {
    path: path(name),
    narSize: megabytes * MB,
    references: [name, ...references].map((one) => path(one)),
  }
}

const names = (layers: readonly (readonly StorePath[])[]) =>
  layers.map((layer) => layer.map(storeNameOf).join(' '))

/** What many images have. */
const COMMON: readonly ClosureNode[] = [
  node('libc', 13, []),
  node('acl', 0.1, ['libc']),
  node('readline', 0.4, ['libc']),
  node('certificates', 0.4, ['libc']),
  node('coreutils', 18, ['libc', 'acl']),
  node('bash', 7, ['libc', 'readline']),
]
const BASE = ['certificates', 'coreutils', 'bash']

/** An application with libraries, as many as keep it from being taken for a part of the base. */
function application(name: string, libraries: { readonly [name: string]: number }): readonly ClosureNode[] {
  const small = Array.from({ length: 25 }, (_, i) => node(`${name}-part-${i}`, 0.1, ['libc']))
  const large = Object.entries(libraries).map(([library, megabytes]) => node(library, megabytes, ['libc']))
  const references = ['bash', ...[...small, ...large].map((one) => storeNameOf(one.path))]
  return [...COMMON, ...small, ...large, node(name, 5, references)]
}
const WEB = application('web', { icu: 37, xml: 2, zlib: 0.2 })
const BATCH = application('batch', { icu: 37, llvm: 110 })

const budget = (maxLayers: number, layerPrice = 0): LayerBudget => ({ maxLayers, layerPrice })
const modulesOf = (application: string) => [...BASE, application].map((name) => path(name))
const plan = (closure: readonly ClosureNode[], name: string, limit: number, price = 0) =>
  planByCost(closure, modulesOf(name), budget(limit, price))

const random = seededRandom(13)
/** A closure like those of packages: each refers to a few of those below it, and sometimes to itself. */
const closureOf = (count: number): readonly ClosureNode[] =>
  Array.from({ length: count }, (_, i) => ({
    path: path(`p${i}`),
    narSize: 1 + random.below(20 * MB),
    references: [
      ...new Set(Array.from({ length: random.below(8) }, () => path(`p${random.below(i + 1)}`))),
      ...(i > 0 ? [path(`p${i - 1}`)] : []),
    ],
  }))

void t.test('planner 2 gives these layers for ever', async (t) => {
  const parts = Array.from({ length: 25 }, (_, i) => `web-part-${i}`)
    .sort()
    .join(' ')
  for (const [limit, price, expected] of [
    [1, 0, [`acl bash certificates coreutils icu libc readline web ${parts} xml zlib`]],
    [2, 0, ['certificates libc', `acl bash coreutils icu readline web ${parts} xml zlib`]],
    [6, 0, ['certificates libc', 'bash readline', 'acl coreutils', 'icu', 'xml', `web ${parts} zlib`]],
    [6, 3 * MB, ['certificates libc', 'bash readline', 'acl coreutils', 'icu', `web ${parts} xml zlib`]],
    [
      12,
      0.15 * MB,
      ['libc', 'certificates', 'bash readline', 'coreutils', 'acl', 'icu', 'xml', 'zlib', 'web', parts],
    ],
  ] as const)
    t.strictSame(names(plan(WEB, 'web', limit, price)), expected, `${limit} layers, ${price} bytes each`)
})

void t.test(
  'images that have nothing else in common share the layers of the base and of large paths',
  async (t) => {
    for (const limit of [6, 8, 20]) {
      const others = new Set(plan(BATCH, 'batch', limit).map(String))
      const shared = plan(WEB, 'web', limit).filter((layer) => others.has(String(layer)))
      t.strictSame(
        new Set(shared.flat().map(storeNameOf)),
        new Set([...COMMON.map((one) => storeNameOf(one.path)), 'icu']),
        `at most ${limit}`,
      )
    }
  },
)

void t.test('an empty closure has no layers, and one path is one', async (t) => {
  t.strictSame(planByCost([], [], budget(10)), [])
  t.strictSame(names(planByCost([node('A', 1, [])], [path('A')], budget(10))), ['A'])
})

void t.test('every path is in exactly one layer, and there are no more than allowed', async (t) => {
  for (const count of [2, 31, 33, 65, 200]) {
    const closure = closureOf(count)
    const modules = closure.filter((_, i) => i % 7 === 0 || i === count - 1).map(({ path }) => path)
    for (const limit of [1, 2, 7, 8, 60, 120]) {
      const layers = planByCost(closure, modules, budget(limit, MB))
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
  for (const [closure, modules] of [
    [WEB, modulesOf('web')],
    [closureOf(100), []],
  ] as const) {
    const expected = planByCost(closure, modules, budget(12))
    for (let i = 0; i < 20; i++) {
      const shuffled = random
        .shuffle(closure)
        .map((entry) => ({ ...entry, references: random.shuffle(entry.references) }))
      t.strictSame(planByCost(shuffled, random.shuffle(modules), budget(12)), expected)
    }
  }
})

/** These paths and no others get other hashes. */
function renew(closure: readonly ClosureNode[], changed: readonly StorePath[]): readonly ClosureNode[] {
  const next = (one: StorePath) => (changed.includes(one) ? path(storeNameOf(one), 1) : one)
  return closure.map((one) => ({ ...one, path: next(one.path), references: one.references.map(next) }))
}

void t.test('a small change moves few layers', async (t) => {
  const before = plan(WEB, 'web', 8)
  for (const [what, changed, fetched] of [
    ['the application', ['web'], 1],
    ['a large library', ['icu', 'web'], 2],
    ['the shell', ['bash', 'web'], 2],
  ] as const) {
    const modules = modulesOf('web').map((one) =>
      changed.some((name) => path(name) === one) ? path(storeNameOf(one), 1) : one,
    )
    const after = planByCost(
      renew(
        WEB,
        changed.map((name) => path(name)),
      ),
      modules,
      budget(8),
    )
    const present = new Set(before.map(String))
    t.equal(after.filter((layer) => !present.has(String(layer))).length, fetched, what)
  }
})

void t.test('a large closure takes little time', async (t) => {
  const closure = closureOf(3000)
  const before = process.cpuUsage()
  planByCost(
    closure,
    closure.slice(-5).map(({ path }) => path),
    budget(60),
  )
  const ms = process.cpuUsage(before).user / 1000
  t.ok(ms < 1000, 'less than a second', { ms })
})
