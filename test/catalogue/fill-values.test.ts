import t from 'tap'
import type { Json } from '../../src/core/json.ts'
import type { CatalogueEntry } from '../../src/catalogue/catalogue.ts'
import { CatalogueError } from '../../src/catalogue/catalogue-error.ts'
import { fillValues } from '../../src/catalogue/fill-values.ts'
import { entryWith } from './entry.ts'

const SCHEMA = {
  type: 'object',
  required: ['host'],
  properties: {
    host: { type: 'string' },
    replicas: { type: 'integer', minimum: 1, default: 2 },
    kind: { type: 'string' },
    limits: {
      type: 'object',
      properties: { cpu: { type: 'string', default: '1' }, memory: { type: 'string' } },
    },
    ports: { type: 'array', items: { type: 'integer' } },
  },
} as const
const ENTRY = entryWith({ schema: SCHEMA, defaults: { limits: { memory: '1Gi' }, ports: [80, 443] } })

const FILLED: readonly (readonly [string, Json, Json])[] = [
  [
    'defaults of the schema and of the entry',
    { host: 'a' },
    { host: 'a', replicas: 2, limits: { cpu: '1', memory: '1Gi' }, ports: [80, 443] },
  ],
  [
    'an object field by field, a list as a whole',
    { host: 'a', replicas: 1, limits: { cpu: '2' }, ports: [8080] },
    { host: 'a', replicas: 1, limits: { cpu: '2', memory: '1Gi' }, ports: [8080] },
  ],
  [
    'null takes a default of the entry away',
    { host: 'a', limits: null, replicas: null, ports: null },
    { host: 'a', replicas: 2 },
  ],
]

const REFUSED: readonly (readonly [
  string,
  Json,
  readonly (readonly [readonly (string | number)[], string])[],
])[] = [
  ['what is missing', {}, [[['host'], 'host is missing, expected a string']]],
  [
    'everything at once',
    { host: 1, replicaz: 1, replicas: 0, ports: [1, 'a'] },
    [
      [['host'], 'host is 1, expected a string'],
      [['ports', 1], 'ports[1] is "a", expected a whole number'],
      [['replicas'], 'replicas is 0, expected a number from 1 on'],
      [['replicaz'], 'replicaz is unknown, did you mean replicas?'],
    ],
  ],
  [
    'fields that every object of Kubernetes has, where the schema has them not',
    { host: 'a', apiVersion: 'v1' },
    [[['apiVersion'], 'apiVersion is unknown, expected one of host, kind, limits, ports, replicas']],
  ],
  [
    'fields of such a name as the schema has them',
    { host: 'a', kind: 1 },
    [[['kind'], 'kind is 1, expected a string']],
  ],
  ['a list', [], [[[], 'values is a list, expected an attribute set']]],
  ['a text', 'a', [[[], 'values is "a", expected an attribute set']]],
  ['null', null, [[[], 'values is null, expected an attribute set']]],
  [
    'a prototype',
    parse('{"host":"a","__proto__":{"x":1}}'),
    [[['__proto__'], '__proto__ is unknown, expected one of host, kind, limits, ports, replicas']],
  ],
  ['what is too large', { host: 'a'.repeat(2 ** 20) }, [[[], 'the values are larger than 1024 KiB']]],
  ['what is too deep', deep(501), [[[], 'the values are nested too deeply']]],
  ['what is too deep for JSON', deep(100_000), [[[], 'the values are nested too deeply']]],
  [
    'what is too many',
    { ports: Array.from({ length: 200_001 }, () => 1) },
    [[[], 'the values are too many']],
  ],
]

void t.test('values are filled', (t) => {
  for (const [what, given, expected] of FILLED) t.strictSame(fillValues(ENTRY, given), expected, what)
  t.end()
})

void t.test('values are refused, each problem with its path', (t) => {
  for (const [what, given, expected] of REFUSED) {
    const { problems } = refusal(ENTRY, given)
    const sorted = problems
      .map(({ path, message }) => [path, message])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b)))
    t.strictSame(sorted, expected, what)
  }
  t.end()
})

void t.test('the message has the first, and the number of others', (t) => {
  t.match(refusal(ENTRY, {}), {
    kind: 'invalid-values',
    message: 'web 1.0.0: host is missing, expected a string',
  })
  t.match(refusal(ENTRY, { replicas: 'a', ports: 1 }).message, /^web 1\.0\.0: .* \(and 2 more\)$/)
  t.end()
})

void t.test('a prototype of defaults is a field', (t) => {
  const open = entryWith({ schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } })
  const values = fillValues(open, parse('{"__proto__":{"polluted":true}}'))
  t.equal(JSON.stringify(values), '{"__proto__":{"polluted":true}}')
  t.equal(Object.getPrototypeOf(values), Object.prototype)
  t.end()
})

function refusal(entry: CatalogueEntry, values: Json): CatalogueError {
  try {
    fillValues(entry, values)
  } catch (error) {
    if (error instanceof CatalogueError) return error
    throw error
  }
  throw new Error('the values were not refused')
}

function parse(text: string): Json {
  return JSON.parse(text) as Json
}

function deep(levels: number): Json {
  let value: Json = 1
  for (let i = 0; i < levels; i++) value = [value]
  return { ports: value }
}
