/** Keywords of a schema that are checked wherever it stands, in alternatives too, and the schemas within it. */
import { isObject, type Json } from '../../../core/json.ts'
import { RE2JS } from 're2js'
import { sorted } from '../check-value.ts'
import { field, wrong, type Place, type Problem } from '../problem.ts'
import { schemaOf, type JsonSchema } from './json-schema.ts'

export const OPEN = 'x-kubernetes-preserve-unknown-fields'
export const EITHER = 'x-kubernetes-int-or-string'
export const WHOLE = 'x-kubernetes-embedded-resource'
const UNKNOWN = ['$ref', 'additionalItems', 'definitions', 'dependencies', 'id', 'patternProperties']
const NO_GO = /(^|[^\\])(\(\?(=|!|<=|<!)|\\[1-9])/

export function checkKeywords(schema: JsonSchema, at: Place): readonly Problem[] {
  const { items, pattern } = schema
  return [
    ...UNKNOWN.filter((key) => !isEmpty(schema[key])).flatMap((key) =>
      wrong(field(at, key), schema[key] ?? null, 'none: the API server refuses it'),
    ),
    ...(Array.isArray(items) ? wrong(field(at, 'items'), items, 'a single schema') : []),
    ...(typeof pattern === 'string' && !isPattern(pattern)
      ? wrong(field(at, 'pattern'), pattern, 'an expression of Go, which looks neither ahead nor back')
      : []),
    ...(schema['uniqueItems'] === true
      ? wrong(field(at, 'uniqueItems'), true, 'false, or x-kubernetes-list-type: set')
      : []),
    ...(schema[EITHER] === true
      ? [OPEN, WHOLE].flatMap((key) =>
          schema[key] === true ? wrong(field(at, key), true, `none beside ${EITHER}`) : [],
        )
      : []),
    ...checkMapType(schema, at),
    ...(schema[OPEN] === false ? wrong(field(at, OPEN), false, 'true or none') : []),
  ]
}

function checkMapType(schema: JsonSchema, at: Place): readonly Problem[] {
  const type = schema['x-kubernetes-map-type'] ?? null
  const place = field(at, 'x-kubernetes-map-type')
  if (type === null) return []
  if (type !== 'atomic' && type !== 'granular') return wrong(place, type, 'one of "atomic", "granular"')
  return schema['type'] === 'object' ? [] : wrong(place, type, 'none, since its type is no object')
}

export function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (isObject(value) && Object.keys(value).length === 0)
  )
}

/** Only mistakes that are well known count, since another engine reads the expression here. */
function isPattern(pattern: string): boolean {
  if (!NO_GO.test(pattern)) return true
  try {
    RE2JS.compile(pattern)
    return true
  } catch {
    return false
  }
}

/** Schemas of what is in a value. */
export function partsOf(schema: JsonSchema, at: Place): readonly (readonly [string, JsonSchema, Place])[] {
  const direct = ['additionalProperties', 'items'].flatMap((key) => {
    const part = schemaOf(schema, key)
    return part === undefined ? [] : [[key, part, field(at, key)] as const]
  })
  const properties = sorted(schemaOf(schema, 'properties') ?? {}).flatMap(([key, part]) =>
    isObject(part) ? [[key, part, field(field(at, 'properties'), key)] as const] : [],
  )
  return [...direct, ...properties]
}
