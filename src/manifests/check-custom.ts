/**
 * Whether a custom resource is what its CustomResourceDefinition says (structural schemas, apiextensions v1), as strictly
 * as Kubernetes' own kinds. The same as manifests/check/custom.nix; patterns, formats and CEL rules are the server's.
 */
import { isObject, type Json } from '../core/image.ts'
import { sorted, unknownField } from './check-value.ts'
import { field, item, missing, wrong, type Place, type Problem } from './problem.ts'

type JsonSchema = { readonly [key: string]: Json }
type Scalar = { readonly holds: (value: Json) => boolean; readonly expected: string }

const TYPES = new Map<string, Scalar>([
  ['string', { holds: (value) => typeof value === 'string', expected: 'a string' }],
  ['integer', { holds: Number.isInteger, expected: 'a whole number' }],
  ['number', { holds: (value) => typeof value === 'number', expected: 'a number' }],
  ['boolean', { holds: (value) => typeof value === 'boolean', expected: 'true or false' }],
  ['object', { holds: isObject, expected: 'an object' }],
  ['array', { holds: Array.isArray, expected: 'a list' }],
])

type Measure = {
  /** Nothing for values that it isn't about. */
  readonly of: (value: Json) => number | undefined
  readonly least: string
  readonly most: string
  readonly what: string
}

/** Limits of JSON Schema. */
const MEASURES: readonly Measure[] = [
  {
    of: (value) => (typeof value === 'number' ? value : undefined),
    least: 'minimum',
    most: 'maximum',
    what: 'a number',
  },
  {
    of: (value) => (typeof value === 'string' ? value.length : undefined),
    least: 'minLength',
    most: 'maxLength',
    what: 'a length',
  },
  {
    of: (value) => (Array.isArray(value) ? value.length : undefined),
    least: 'minItems',
    most: 'maxItems',
    what: 'a number of items',
  },
  {
    of: (value) => (isObject(value) ? Object.keys(value).length : undefined),
    least: 'minProperties',
    most: 'maxProperties',
    what: 'a number of fields',
  },
]

/** What every object has that is whole, whether its schema says so or not. */
const IMPLIED = ['apiVersion', 'kind', 'metadata']

export function checkCustom(schema: JsonSchema, at: Place, value: Json): readonly Problem[] {
  if (value === null) return []
  if (schema['x-kubernetes-int-or-string'] === true) {
    const isEither = Number.isInteger(value) || typeof value === 'string'
    return isEither ? [] : wrong(at, value, 'a whole number or a string')
  }
  const type = TYPES.get(typeOf(schema))
  if (type?.holds(value) === false) return wrong(at, value, type.expected)
  const words = schema['enum']
  if (Array.isArray(words) && !words.some((word) => JSON.stringify(word) === JSON.stringify(value)))
    return wrong(at, value, `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`)
  const limits = MEASURES.flatMap((measure) => checkMeasure(schema, measure, at, value))
  if (isObject(value)) return [...limits, ...checkFields(schema, at, value)]
  const items = schema['items']
  if (!Array.isArray(value) || !isObject(items)) return limits
  const list: readonly Json[] = value
  return [...limits, ...list.flatMap((one, index) => checkCustom(items, item(at, index, index), one))]
}

function checkMeasure(
  schema: JsonSchema,
  { of, least, most, what }: Measure,
  at: Place,
  value: Json,
): readonly Problem[] {
  const measured = of(value)
  const [from, to] = [schema[least], schema[most]]
  if (measured === undefined) return []
  if (typeof from === 'number' && measured < from) return wrong(at, value, `${what} from ${from} on`)
  if (typeof to === 'number' && measured > to) return wrong(at, value, `${what} up to ${to}`)
  return []
}

function checkFields(
  schema: JsonSchema,
  at: Place,
  value: { readonly [key: string]: Json },
): readonly Problem[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const others = schema['additionalProperties']
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || others === true
  const isWhole = at.path.length === 0 || schema['x-kubernetes-embedded-resource'] === true
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  return [
    ...sorted(value).flatMap(([key, one]) => {
      if (isWhole && IMPLIED.includes(key)) return []
      const place = field(at, key)
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (isObject(own)) return checkCustom(own, place, one)
      if (isObject(others)) return checkCustom(others, place, one)
      return isOpen ? [] : unknownField(place, key, Object.keys(properties))
    }),
    ...required
      .filter((key) => (value[key] ?? null) === null)
      .flatMap((key) => missing(field(at, key), expectedOf(properties[key]))),
  ]
}

function expectedOf(schema: Json | undefined): string {
  return TYPES.get(isObject(schema) ? typeOf(schema) : '')?.expected ?? 'a value'
}

function typeOf({ type }: JsonSchema): string {
  return typeof type === 'string' ? type : ''
}
