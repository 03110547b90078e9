/**
 * Whether a value is what Kubernetes takes for a type, strictly: a field that it doesn't know is wrong, since the API
 * server would drop it without a word. The same as manifests/check/value.nix, which is asked before a manifest is
 * written; this is for manifests that others wrote. One table of cases holds both.
 */
import { isObject, type Json } from '../core/image.ts'
import { nearest } from './nearest.ts'
import { field, item, missing, wrong, type Place, type Problem } from './problem.ts'
import type { Definition, FieldType, KubernetesSchema } from './schema.ts'

type List = Extract<FieldType, { readonly items: FieldType }>

type Scalar = { readonly holds: (value: Json) => boolean; readonly expected: string }

const INT32 = 2 ** 31
/** resource.ParseQuantity */
const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const isText = (value: Json) => typeof value === 'string'
const isWhole = (value: Json) => Number.isInteger(value)
const matches = (pattern: RegExp) => (value: Json) => typeof value === 'string' && pattern.test(value)

const SCALARS = new Map<string, Scalar>([
  ['string', { holds: isText, expected: 'a string' }],
  ['boolean', { holds: (value) => typeof value === 'boolean', expected: 'true or false' }],
  ['number', { holds: (value) => typeof value === 'number', expected: 'a number' }],
  [
    'int32',
    {
      holds: (value) => typeof value === 'number' && isWhole(value) && value < INT32 && value >= -INT32,
      expected: 'a whole number of 32 bits',
    },
  ],
  ['int64', { holds: isWhole, expected: 'a whole number' }],
  ['byte', { holds: matches(BASE64), expected: 'a string in Base64 (text goes into stringData)' }],
  ['time', { holds: matches(TIME), expected: 'a time as in RFC 3339, such as "2026-01-31T12:00:00Z"' }],
  [
    'quantity',
    {
      holds: (value) => typeof value === 'number' || matches(QUANTITY)(value),
      expected: 'a quantity, such as "500m" or "64Mi"',
    },
  ],
  [
    'intOrString',
    { holds: (value) => isWhole(value) || isText(value), expected: 'a whole number or a string' },
  ],
  ['object', { holds: isObject, expected: 'an object' }],
  ['any', { holds: () => true, expected: 'anything' }],
])

/** Of keys by which the items of lists are told apart. */
const DEFAULTS: { readonly [key: string]: string } = { protocol: 'TCP' }

/** @returns problems in order of the value's fields. */
export function checkValue(
  schema: KubernetesSchema,
  type: FieldType,
  at: Place,
  value: Json,
): readonly Problem[] {
  if (value === null) return []
  if (typeof type === 'string') {
    const scalar = SCALARS.get(type)
    if (scalar !== undefined) return scalar.holds(value) ? [] : wrong(at, value, scalar.expected)
    return checkFields(schema, schema.definitions[type] ?? {}, at, value)
  }
  if ('items' in type) return checkList(schema, type, at, value)
  if ('enum' in type)
    return typeof value === 'string' && type.enum.includes(value) ? [] : wrong(at, value, describe(type))
  if (!isObject(value)) return wrong(at, value, 'an object')
  return sorted(value).flatMap(([key, one]) =>
    checkValue(schema, type.additionalProperties, field(at, key), one),
  )
}

function checkFields(
  schema: KubernetesSchema,
  { properties = {}, required = [] }: Definition,
  at: Place,
  value: Json,
): readonly Problem[] {
  if (!isObject(value)) return wrong(at, value, 'an object')
  return [
    ...sorted(value).flatMap(([key, one]) => {
      const type = Object.hasOwn(properties, key) ? properties[key] : undefined
      const place = field(at, key)
      return type === undefined
        ? unknownField(place, key, Object.keys(properties))
        : checkValue(schema, type, place, one)
    }),
    ...required
      .filter((key) => (value[key] ?? null) === null)
      .flatMap((key) => missing(field(at, key), describe(properties[key] ?? 'any'))),
  ]
}

/** @param known names of the fields there are. */
export function unknownField(
  { path, text }: Place,
  key: string,
  known: readonly string[],
): readonly Problem[] {
  const meant = nearest(key, known)
  const hint =
    meant !== undefined
      ? `did you mean ${meant}?`
      : known.length === 0
        ? 'expected no fields'
        : `expected one of ${[...known].sort().join(', ')}`
  return [{ path, message: `${text} is unknown, ${hint}` }]
}

function checkList(schema: KubernetesSchema, type: List, at: Place, value: Json): readonly Problem[] {
  if (!Array.isArray(value)) return wrong(at, value, 'a list')
  const list: readonly Json[] = value
  const place = (index: number) => item(at, index, nameOf(type, index, list[index] ?? null))
  return [
    ...list.flatMap((one, index) => checkValue(schema, type.items, place(index), one)),
    ...firstRepeated(type, list).map((index) => ({
      path: place(index).path,
      message: `${place(index).text} is there twice, expected each ${(type.keys ?? ['value']).join(' and ')} once`,
    })),
  ]
}

/** An item by its name, where it has one. */
function nameOf({ mergeKey, keys }: List, index: number, one: Json): string | number {
  const key = mergeKey ?? keys?.[0]
  const name = key !== undefined && isObject(one) ? one[key] : undefined
  return typeof name === 'string' ? name : index
}

function firstRepeated({ keys, unique }: List, list: readonly Json[]): readonly number[] {
  if (keys === undefined && unique === undefined) return []
  const seen = new Set<string>()
  const index = list.findIndex((one) => {
    const identity = JSON.stringify(
      keys !== undefined && isObject(one) ? keys.map((key) => one[key] ?? DEFAULTS[key] ?? null) : one,
    )
    const isRepeated = seen.has(identity)
    seen.add(identity)
    return isRepeated
  })
  return index === -1 ? [] : [index]
}

function describe(type: FieldType): string {
  if (typeof type === 'string') return SCALARS.get(type)?.expected ?? 'an object'
  if ('items' in type) return 'a list'
  if ('enum' in type) return `one of ${type.enum.map((word) => JSON.stringify(word)).join(', ')}`
  return 'an object'
}

/** As Nix has them: by name. */
export function sorted(value: { readonly [key: string]: Json }): readonly (readonly [string, Json])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
