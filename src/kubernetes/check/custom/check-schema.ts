/**
 * Whether a schema is one that the API server takes in a CustomResourceDefinition: structural, with defaults that it
 * takes itself (apiextensions, schema/validation.go and schema/defaulting). Rules in CEL are the server's.
 */
import { field, missing, wrong, type Place, type Problem } from '../problem.ts'
import { checkDefault, TYPE_NAMES } from './check-custom.ts'
import { checkListType } from './check-list-type.ts'
import { checkNestedParts, isEither } from './check-nested.ts'
import { schemaOf, type JsonSchema } from './json-schema.ts'
import { checkKeywords, EITHER, isEmpty, OPEN, partsOf, WHOLE } from './schema-keywords.ts'

/** The position of a schema. `free` is within `additionalProperties`, where the server ignores defaults. */
type Level = 'root' | 'field' | 'metadata' | 'free'

const TYPE = `one of ${TYPE_NAMES.map((name) => JSON.stringify(name)).join(', ')}`
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
