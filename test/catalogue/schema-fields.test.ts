import t from 'tap'
import { fieldsOf } from '../../src/catalogue/schema-fields.ts'
import type { JsonSchema } from '../../src/kubernetes/check/custom/json-schema.ts'

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['host', 'size'],
  properties: {
    host: { type: 'string', format: 'hostname', description: 'Name\nof the host' },
    size: { type: 'string', enum: ['small', 'large'] },
    replicas: { type: 'integer', minimum: 1, maximum: 9, default: 2 },
    most: { type: 'number', maximum: 1 },
    least: { type: 'integer', minimum: 1 },
    port: { 'x-kubernetes-int-or-string': true },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    paths: {
      type: 'array',
      items: { type: 'object', required: ['path'], properties: { path: { type: 'string' } } },
    },
    limits: { type: 'object', default: {}, properties: { memory: { type: 'string', default: '1Gi' } } },
  },
}

const EXPECTED: readonly (readonly string[])[] = [
  ['host', 'string (hostname)', 'required', 'Name'],
  ['size', 'one of "small", "large"', '"small"', ''],
  ['replicas', 'integer, 1 to 9', '2', ''],
  ['most', 'number, at most 1', '', ''],
  ['least', 'integer, at least 1', '', ''],
  ['port', 'integer or string', '', ''],
  ['any', 'any', '', ''],
  ['labels', 'map of string', '', ''],
  ['paths', 'list of object', '', ''],
  ['paths[].path', 'string', 'required', ''],
  ['limits', 'object', '', ''],
  ['limits.memory', 'string', '"2Gi"', ''],
]

void t.test('fields as people read them', (t) => {
  const fields = fieldsOf(SCHEMA, { size: 'small', limits: { memory: '2Gi' } })
  t.strictSame(
    fields.map(({ path, type, preset, isRequired, description }) => [
      path,
      type,
      isRequired ? 'required' : (preset ?? ''),
      description,
    ]),
    EXPECTED,
  )
  t.strictSame(fieldsOf({ type: 'object' }, {}), [])
  t.end()
})

void t.test('a schema that is very deep ends', (t) => {
  let schema: JsonSchema = { type: 'string' }
  for (let i = 0; i < 400; i++) schema = { type: 'object', properties: { a: schema } }
  t.ok(fieldsOf(schema, {}).length < 20)
  t.end()
})
