/**
 * Whether a schema is one that the API server takes in a CustomResourceDefinition: structural, with defaults that it
 * takes itself (apiextensions, schema/validation.go and schema/defaulting). Rules in CEL are the server's.
 */
import { RE2JS } from 're2js'
import { isObject, type Json } from '../../../core/oci/image.ts'
import { sorted } from '../check-value.ts'
import { field, item, missing, wrong, type Place, type Problem } from '../problem.ts'
import { checkDefault, TYPE_NAMES } from './check-custom.ts'
import { checkListType } from './check-list-type.ts'
import { schemaOf, schemasOf, type JsonSchema } from './json-schema.ts'

/** Where a schema is; `free` is within `additionalProperties`, where the server doesn't look at defaults. */
type Level = 'root' | 'field' | 'metadata' | 'free'

const UNKNOWN = ['$ref', 'additionalItems', 'definitions', 'dependencies', 'id', 'patternProperties']
const OPEN = 'x-kubernetes-preserve-unknown-fields'
const EITHER = 'x-kubernetes-int-or-string'
const WHOLE = 'x-kubernetes-embedded-resource'
/** Keywords that say how a value is built. They stand outside of alternatives. */
const STRUCTURE = [
  'additionalProperties',
  'default',
  'description',
  'nullable',
  'title',
  'type',
  WHOLE,
  EITHER,
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  OPEN,
  'x-kubernetes-validations',
]
const TYPE = `one of ${TYPE_NAMES.map((name) => JSON.stringify(name)).join(', ')}`
const OUTSIDE = 'none within allOf, anyOf, oneOf and not'
const NO_GO = /(^|[^\\])(\(\?(=|!|<=|<!)|\\[1-9])/

export function checkSchema(schema: JsonSchema, at: Place, level: Level = 'root'): readonly Problem[] {
  const preset = schema['default'] ?? null
  return [
    ...checkKeywords(schema, at),
    ...checkType(schema, at, level),
    ...(level === 'root' && schema['nullable'] === true
      ? wrong(field(at, 'nullable'), true, 'false at the root')
      : []),
    ...checkAdditional(schema, at, level),
    ...checkImplied(schema, at, level),
    ...checkListType(schema, at),
    ...(preset === null || level === 'metadata' || level === 'free'
      ? []
      : checkDefault(schema, field(at, 'default'), preset)),
    ...partsOf(schema, at).flatMap(([key, part, place]) =>
      checkSchema(part, place, levelOf(level, key, place)),
    ),
    ...checkNestedParts(
      schema,
      level === 'root' ? schema : undefined,
      at,
      isEither(schema) ? ['anyOf'] : [],
      true,
    ),
  ]
}

function levelOf(around: Level, key: string, { path }: Place): Level {
  if (around === 'free' || path.at(-1) === 'additionalProperties') return 'free'
  return around === 'root' && key === 'metadata' ? 'metadata' : 'field'
}

/** Keywords that are checked in alternatives, too. */
function checkKeywords(schema: JsonSchema, at: Place): readonly Problem[] {
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

function isEmpty(value: Json | undefined): boolean {
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

function checkType(schema: JsonSchema, at: Place, level: Level): readonly Problem[] {
  const type = schema['type'] ?? ''
  const place = field(at, 'type')
  const mustBeObject = level === 'root' || schema[WHOLE] === true
  if (type === '')
    return schema[EITHER] === true || (schema[OPEN] === true && schema[WHOLE] !== true)
      ? []
      : missing(place, TYPE)
  if (typeof type === 'string' && !TYPE_NAMES.includes(type)) return wrong(place, type, TYPE)
  if (mustBeObject && type !== 'object') return wrong(place, type, '"object"')
  return type === 'array' && (schema['items'] ?? null) === null ? missing(field(at, 'items'), 'a schema') : []
}

function checkAdditional(schema: JsonSchema, at: Place, level: Level): readonly Problem[] {
  const additional = schema['additionalProperties'] ?? null
  const place = field(at, 'additionalProperties')
  if (additional === null) return []
  if (level === 'root') return wrong(place, additional, 'none at the root')
  if (schema[WHOLE] === true) return wrong(place, additional, 'none in an embedded resource')
  return additional === true || isEmpty(schema['properties'])
    ? []
    : wrong(place, additional, 'none beside properties')
}

/** Fields that every whole object has. */
function checkImplied(schema: JsonSchema, at: Place, level: Level): readonly Problem[] {
  if (level !== 'root' && schema[WHOLE] !== true) return []
  const properties = schemaOf(schema, 'properties') ?? {}
  const place = (key: string) => field(field(at, 'properties'), key)
  const metadata = schemaOf(properties, 'metadata')
  return [
    ...(schema[WHOLE] === true && schema[OPEN] !== true && Object.keys(properties).length === 0
      ? missing(field(at, 'properties'), `schemas of its fields, or ${OPEN}`)
      : []),
    ...['apiVersion', 'kind'].flatMap((key) => {
      const type = schemaOf(properties, key)?.['type']
      return type === undefined || type === 'string' ? [] : wrong(field(place(key), 'type'), type, '"string"')
    }),
    ...(metadata === undefined || level !== 'root' || isName(metadata)
      ? []
      : wrong(
          place('metadata'),
          metadata,
          'type: object, with no more than name and generateName among its properties',
        )),
  ]
}

function isName(metadata: JsonSchema): boolean {
  const properties = schemaOf(metadata, 'properties')
  return (
    metadata['type'] === 'object' &&
    Object.keys(metadata).every((key) => ['type', 'default', 'properties'].includes(key)) &&
    Object.keys(properties ?? {}).every((key) => key === 'name' || key === 'generateName')
  )
}

/** Schemas of what is in a value. */
function partsOf(schema: JsonSchema, at: Place): readonly (readonly [string, JsonSchema, Place])[] {
  const direct = ['additionalProperties', 'items'].flatMap((key) => {
    const part = schemaOf(schema, key)
    return part === undefined ? [] : [[key, part, field(at, key)] as const]
  })
  const properties = sorted(schemaOf(schema, 'properties') ?? {}).flatMap(([key, part]) =>
    isObject(part) ? [[key, part, field(field(at, 'properties'), key)] as const] : [],
  )
  return [...direct, ...properties]
}

/** The two types of a whole number or a string may stand in its `anyOf`. */
function isEither(schema: JsonSchema): boolean {
  return JSON.stringify(schema['anyOf']) === '[{"type":"integer"},{"type":"string"}]'
}

/**
 * @param structure around the alternatives, of which these may only say more; given at the root, elsewhere the server
 *   doesn't compare them.
 * @param skipped alternatives that may say types.
 */
function checkNestedParts(
  nested: JsonSchema,
  structure: JsonSchema | undefined,
  at: Place,
  skipped: readonly string[],
  isOuter = false,
): readonly Problem[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) =>
    skipped.includes(keyword)
      ? []
      : schemasOf(nested, keyword).flatMap((one, index) => {
          const inner = keyword === 'allOf' && index === 0 && isOuter && isEither(one) ? ['anyOf'] : []
          return checkNested(one, structure, item(field(at, keyword), index, index), inner)
        }),
  )
  const not = schemaOf(nested, 'not')
  return [...lists, ...(not === undefined ? [] : checkNested(not, structure, field(at, 'not'), []))]
}

function checkNested(
  nested: JsonSchema,
  structure: JsonSchema | undefined,
  at: Place,
  skipped: readonly string[],
): readonly Problem[] {
  return [
    ...checkKeywords(nested, at),
    ...STRUCTURE.filter((key) =>
      key === 'default' ? (nested[key] ?? null) !== null : !isAbsent(nested[key]),
    ).flatMap((key) => wrong(field(at, key), nested[key] ?? null, OUTSIDE)),
    ...partsOf({ ...nested, additionalProperties: null }, at).flatMap(([key, part, place]) =>
      checkNestedPart(structure, key, part, place),
    ),
    ...checkNestedParts(nested, structure, at, skipped),
  ]
}

function checkNestedPart(
  structure: JsonSchema | undefined,
  key: string,
  part: JsonSchema,
  place: Place,
): readonly Problem[] {
  const isField = place.path.at(-2) === 'properties'
  if (isField && key === 'metadata') return wrong(place, part, OUTSIDE)
  if (structure === undefined) return checkNested(part, undefined, place, [])
  const counterpart = schemaOf(isField ? (schemaOf(structure, 'properties') ?? {}) : structure, key)
  return counterpart === undefined
    ? wrong(place, part, 'nothing about what is described nowhere else')
    : checkNested(part, counterpart, place, [])
}

function isAbsent(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}
