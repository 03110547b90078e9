/**
 * Whether a custom resource is what its CustomResourceDefinition says (structural schemas, apiextensions v1), as the
 * API server checks it with strict fields. The same as manifests/check/custom/check-custom.nix. Rules in CEL are the
 * server's.
 */
import { isObject, type Json } from '../../../core/json.ts'
import { isDeepStrictEqual } from 'node:util'
import { sorted, unknownField } from '../check-value.ts'
import { field, item, missing, wrong, type Place, type Problem } from '../problem.ts'
import { checkEmbedded, IMPLIED, type CheckMetadata } from './check-embedded.ts'
import { checkLimits, isWhole } from './check-limits.ts'
import { checkList } from './check-list.ts'
import { fillDefaults } from './fill-defaults.ts'
import { formatOf } from './formats.ts'
import { schemaOf, schemaOfField, schemasOf, type JsonSchema } from './json-schema.ts'

type Scalar = { readonly holds: (value: Json) => boolean; readonly expected: string }

/** The facts that stay the same on the way through a value. */
type Walk = {
  /** Checks the metadata of objects that are embedded whole. */
  readonly checkMetadata: CheckMetadata
  /**
   * Whether the value is a default of the schema, which the server checks less: it has lists that aren't maps or sets.
   */
  readonly isDefault: boolean
  /** Whether the schema says which fields there are; those of `allOf` and the like only say more about them. */
  readonly isStructural: boolean
}

const TYPES = new Map<string, Scalar>([
  ['string', { holds: (value) => typeof value === 'string', expected: 'a string' }],
  ['integer', { holds: isWhole, expected: 'a whole number' }],
  ['number', { holds: (value) => typeof value === 'number', expected: 'a number' }],
  ['boolean', { holds: (value) => typeof value === 'boolean', expected: 'true or false' }],
  ['object', { holds: isObject, expected: 'an object' }],
  ['array', { holds: Array.isArray, expected: 'a list' }],
])
export const TYPE_NAMES = [...TYPES.keys()].sort()
const EITHER: Scalar = {
  holds: (value) => isWhole(value) || typeof value === 'string',
  expected: 'a whole number or a string',
}

export function checkCustom(
  schema: JsonSchema,
  at: Place,
  value: Json,
  checkMetadata: CheckMetadata,
): readonly Problem[] {
  return check(
    { checkMetadata, isStructural: true, isDefault: false },
    schema,
    at,
    fillDefaults(schema, value),
  )
}

/** Whether a default is what its own schema takes, without any defaults in it. Its metadata is the server's. */
export function checkDefault(schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  return check({ checkMetadata: () => [], isStructural: true, isDefault: true }, schema, at, value)
}

function check(walk: Walk, schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  const type = scalarOf(walk, schema)
  if (value === null && schema['nullable'] !== true && type !== undefined)
    return wrong(at, value, type.expected)
  if (value !== null && !isOfType(walk, schema, type, value))
    return wrong(at, value, type?.expected ?? formatOf(schema)?.expected ?? 'a string')
  const words = schema['enum']
  if (Array.isArray(words) && words.length > 0 && !words.some((word) => isWord(value, word)))
    return wrong(at, value, `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`)
  if (value === null) return []
  return [
    ...checkLimits(schema, at, value),
    ...checkParts(walk, schema, at, value),
    ...checkAlternatives(walk, schema, at, value),
  ]
}

function checkParts(walk: Walk, schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  if (isObject(value)) return checkFields(walk, schema, at, value)
  if (!Array.isArray(value)) return []
  const list: readonly Json[] = value
  const items = schemaOf(schema, 'items')
  const isOpen = !walk.isStructural || schema['x-kubernetes-preserve-unknown-fields'] === true
  return [
    ...list.flatMap((one, index) => {
      const place = item(at, index, index)
      return items !== undefined ? check(walk, items, place, one) : isOpen ? [] : checkShallow(place, one)
    }),
    ...(walk.isStructural && !walk.isDefault ? checkList(schema, at, list) : []),
  ]
}

function checkFields(
  walk: Walk,
  schema: JsonSchema,
  at: Place,
  value: { readonly [key: string]: Json },
): readonly Problem[] {
  const properties = schemaOf(schema, 'properties') ?? {}
  const isOpen = !walk.isStructural || schema['x-kubernetes-preserve-unknown-fields'] === true
  const isEmbedded = walk.isStructural && schema['x-kubernetes-embedded-resource'] === true
  const isWhole = at.path.length === 0 || isEmbedded
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  return [
    ...sorted(value).flatMap(([key, one]) => {
      const place = field(at, key)
      const own = schemaOfField(schema, key)
      const isImplied = isWhole && IMPLIED.includes(key)
      if (own !== undefined)
        return check(isImplied ? { ...walk, isStructural: false } : walk, own, place, one)
      if (isImplied) return []
      if (walk.isStructural && schema['additionalProperties'] === true) return checkShallow(place, one)
      return isOpen ? [] : unknownField(place, key, Object.keys(properties))
    }),
    ...(isEmbedded ? checkEmbedded(at, value, walk.checkMetadata) : []),
    ...required
      .filter((key) => !Object.hasOwn(value, key))
      .flatMap((key) => missing(field(at, key), expectedOf(properties[key]))),
  ]
}

/** A value without a schema of its own, as below `additionalProperties: true`, has no fields. */
function checkShallow(at: Place, value: Json): readonly Problem[] {
  if (isObject(value)) return sorted(value).flatMap(([key]) => unknownField(field(at, key), key, []))
  if (!Array.isArray(value)) return []
  const list: readonly Json[] = value
  return list.flatMap((one, index) => checkShallow(item(at, index, index), one))
}

/** `allOf`, `anyOf`, `oneOf` and `not`. */
function checkAlternatives(walk: Walk, schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  const inner = walk.isStructural ? { ...walk, isStructural: false } : walk
  const holds = (one: JsonSchema) => check(inner, one, at, value).length === 0
  const [any, one, not] = [schemasOf(schema, 'anyOf'), schemasOf(schema, 'oneOf'), schemaOf(schema, 'not')]
  const count = one.filter(holds).length
  return [
    ...schemasOf(schema, 'allOf').flatMap((each) => check(inner, each, at, value)),
    ...(any.length === 0 || any.some(holds) ? [] : wrong(at, value, `a match of anyOf${listed(any)}`)),
    ...(one.length === 0 || count === 1
      ? []
      : wrong(at, value, `one match of oneOf${listed(one)}, not ${count === 0 ? 'none' : count}`)),
    ...(not === undefined || !holds(not) ? [] : wrong(at, value, `no match of not${listed([not])}`)),
  ]
}

/** Returns the fields that each schema requires, where the schemas do no more than that. */
function listed(schemas: readonly JsonSchema[]): string {
  const fields = schemas.map((schema) => {
    const required = schema['required']
    return Object.keys(schema).length === 1 && Array.isArray(required) ? required.join(' and ') : undefined
  })
  return fields.includes(undefined) ? '' : ` (${fields.join(', or ')})`
}

/** For the server, a default may be of any type where its schema has no `type`. */
function scalarOf({ isDefault }: Pick<Walk, 'isDefault'>, schema: JsonSchema): Scalar | undefined {
  if (!isDefault && schema['x-kubernetes-int-or-string'] === true) return EITHER
  const { type } = schema
  return typeof type === 'string' ? TYPES.get(type) : undefined
}

/** With a format, the server takes texts and lists for any type but numbers, and nothing else without a type. */
function isOfType(walk: Walk, schema: JsonSchema, type: Scalar | undefined, value: Json): boolean {
  if (type?.holds(value) === true) return true
  const hasFormat = walk.isDefault ? (schema['format'] ?? '') !== '' : formatOf(schema) !== undefined
  if (!hasFormat) return type === undefined
  const isOfNumbers = type === EITHER || schema['type'] === 'integer' || schema['type'] === 'number'
  return !isOfNumbers && (typeof value === 'string' || Array.isArray(value))
}

/** As Go compares them: of a fraction, what is before its point. */
function isWord(value: Json, word: Json): boolean {
  if (value === null) return false
  if (typeof value !== 'number' || typeof word !== 'number') return isDeepStrictEqual(value, word)
  return value === word || (Number.isInteger(word) && Math.trunc(value) === word)
}

function expectedOf(schema: Json | undefined): string {
  return (isObject(schema) ? scalarOf({ isDefault: false }, schema)?.expected : undefined) ?? 'a value'
}
