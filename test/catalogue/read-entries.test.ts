import t from 'tap'
import { CatalogueError } from '../../src/catalogue/catalogue-error.ts'
import { readEntries } from '../../src/catalogue/read-entries.ts'

const ENTRY = { description: 'a', schema: { type: 'object' }, defaults: {}, presets: {} }
const COUNTED = {
  type: 'object',
  properties: { count: { type: 'integer' }, host: { type: 'string' } },
  required: ['host'],
}

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['no names', [], 'expected names with versions, each an entry'],
  [
    'an entry without a description',
    { a: { 1: { ...ENTRY, description: 1 } } },
    'expected names with versions, each an entry',
  ],
  [
    'a preset that is a list',
    { a: { 1: { ...ENTRY, presets: { b: [] } } } },
    'expected names with versions, each an entry',
  ],
  [
    'a name with a dot',
    { 'a.b': { 1: ENTRY } },
    'the name of an entry is "a.b", expected at most 63 of a-z 0-9 -',
  ],
  [
    'a version with a slash',
    { a: { '../1': ENTRY } },
    'a version of a is "../1", expected one such as "1.2.0" of letters, digits and . _ + -',
  ],
  [
    'a schema of a text',
    { a: { 1: { ...ENTRY, schema: { type: 'string' } } } },
    'a 1: schema.type is not "object"',
  ],
  [
    'a schema with rules in CEL',
    { a: { 1: { ...ENTRY, schema: { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] } } } },
    'a 1: the schema has x-kubernetes-validations, which nothing here evaluates',
  ],
  [
    'a schema that is not structural',
    { a: { 1: { ...ENTRY, schema: { type: 'object', properties: { b: { type: 'sting' } } } } } },
    'a 1: schema.properties.b.type is "sting", expected one of "array", "boolean", "integer", "number", "object", "string"',
  ],
  [
    'defaults that the schema refuses',
    { a: { 1: { ...ENTRY, schema: COUNTED, defaults: { count: 'b' } } } },
    'a 1: defaults: count is "b", expected a whole number',
  ],
  [
    'a preset that the schema refuses',
    { a: { 1: { ...ENTRY, schema: COUNTED, presets: { b: { cont: 1 } } } } },
    'a 1: presets.b: cont is unknown, did you mean count?',
  ],
]

void t.test('entries are ordered by name, and the newest version is first', (t) => {
  const text = JSON.stringify({ b: { '1.9': ENTRY, '1.10': ENTRY, '1.2': ENTRY }, a: { x: ENTRY } })
  const names = readEntries(text, 'c.nix').map(({ name, version }) => `${name} ${version}`)
  t.strictSame(names, ['a x', 'b 1.10', 'b 1.9', 'b 1.2'])
  t.end()
})

void t.test('defaults and presets may leave out what is required', (t) => {
  const text = JSON.stringify({ a: { 1: { ...ENTRY, schema: COUNTED, presets: { b: { count: 1 } } } } })
  t.equal(readEntries(text, 'c.nix').length, 1)
  t.end()
})

void t.test('what is wrong is refused', (t) => {
  for (const [what, given, message] of REFUSED)
    t.equal(refusal(JSON.stringify(given)), `c.nix: ${message}`, what)
  t.equal(refusal('{'), 'c.nix: isn’t JSON')
  t.equal(refusal('['.repeat(1000)), 'c.nix: nested too deeply')
  t.end()
})

function refusal(text: string): string | undefined {
  try {
    readEntries(text, 'c.nix')
    return undefined
  } catch (error) {
    if (error instanceof CatalogueError && error.kind === 'invalid-catalogue') return error.message
    throw error
  }
}
