/** The index that is written is the one that is read, and answers without Nix. */
import t from 'tap'
import type { PresetBuild } from '../../src/catalogue/catalogue.ts'
import { readIndex, writeIndex } from '../../src/catalogue/catalogue-index.ts'
import { makeEvaluator } from '../../src/catalogue/evaluator.ts'
import { resolveEntry } from '../../src/catalogue/resolve-entry.ts'
import { parseStorePath, type StorePath } from '../../src/core/nix/store-path.ts'
import { entryWith } from './entry.ts'

const SCHEMA = { type: 'object', properties: { a: { type: 'integer', default: 1 }, b: { type: 'string' } } }
const ENTRIES = [
  entryWith({ version: '2', schema: SCHEMA, presets: { big: { a: 9 } } }),
  entryWith({ version: '1', schema: SCHEMA }),
]
const BUILDS = [build('2', undefined, { a: 1 }, 'a'), build('2', 'big', { a: 9, b: 'c' }, 'b')]
/** Has no Nix. */
const EVALUATOR = makeEvaluator({ library: '/nowhere', environment: { PATH: '/nowhere' } })

void t.test('what is written is read', (t) => {
  const index = readIndex(writeIndex(ENTRIES, BUILDS), 'index.json')
  t.match(index, { kind: 'index', file: 'index.json', builds: BUILDS })
  t.strictSame(index.entries, ENTRIES)
  t.end()
})

void t.test('values that were built are found, whatever the order of their fields', async (t) => {
  const index = readIndex(writeIndex(ENTRIES, BUILDS), 'index.json')
  const ask = async (version: string, values: Parameters<typeof resolveEntry>[1]['values']) =>
    resolveEntry(index, { name: 'web', version, values }, EVALUATOR)
  t.match(await ask('2', {}), {
    storePath: path('a', 'web.json'),
    derivation: path('a', 'web.json.drv'),
    isBuilt: true,
    deliveredName: 'web-2-aaaaaaaa',
    values: { a: 1 },
  })
  t.match(await ask('2', { b: 'c', a: 9 }), { deliveredName: 'web-2-bbbbbbbb' })
  await t.rejects(ask('2', { a: 2 }), {
    kind: 'not-built',
    message:
      'web 2 was not built with these values, and an index evaluates nothing. Built are: the defaults, preset big',
  })
  await t.rejects(ask('1', {}), { kind: 'not-built', message: /Built are: none$/ })
  await t.rejects(ask('3', {}), { kind: 'not-found', message: 'web has no version 3, there are: 2, 1' })
  await t.rejects(ask('2', { a: 'x' }), { kind: 'invalid-values', message: /a is "x"/ })
})

void t.test('an index that is broken is refused', (t) => {
  const good = JSON.parse(writeIndex(ENTRIES, BUILDS)) as { readonly builds: readonly object[] }
  const broken: readonly (readonly [string, object, RegExp])[] = [
    ['of another format', { ...good, pushlessCatalogue: 2 }, /of format 1$/],
    ['without builds', { ...good, builds: undefined }, /of format 1$/],
    ['of entries that are none', { ...good, entries: { web: 1 } }, /expected names with versions/],
    [
      'of builds outside of the store',
      { ...good, builds: [{ ...good.builds[0], storePath: '/etc/passwd' }] },
      /a build of web 2 has no derivation and store path$/,
    ],
  ]
  for (const [what, index, message] of broken) {
    t.throws(
      () => readIndex(JSON.stringify(index), 'index.json'),
      { name: 'CatalogueError', kind: 'invalid-catalogue', message },
      what,
    )
  }
  t.end()
})

void t.test('the same catalogue has the same bytes', (t) => {
  t.equal(writeIndex(ENTRIES, BUILDS), writeIndex(ENTRIES, BUILDS))
  t.match(
    writeIndex([], []),
    /^\{\n {2}"pushlessCatalogue": 1,\n {2}"entries": \{\},\n {2}"builds": \[\]\n\}\n$/,
  )
  t.end()
})

function build(
  version: string,
  preset: string | undefined,
  values: PresetBuild['values'],
  letter: string,
): PresetBuild {
  return {
    name: 'web',
    version,
    preset,
    values,
    derivation: path(letter, 'web.json.drv'),
    storePath: path(letter, 'web.json'),
  }
}

function path(letter: string, name: string): StorePath {
  const found = parseStorePath(`/nix/store/${letter.repeat(32)}-${name}`)
  if (found === undefined) throw new Error('no store path')
  return found
}
