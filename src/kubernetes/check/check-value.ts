/**
 * Whether a value is what Kubernetes takes for a type, strictly: a field that it doesn't know is wrong, since the API
 * server would drop it without a word. The same as manifests/check/value.nix, which is asked before a manifest is
 * written; this is for manifests that others wrote. One table of cases holds both.
 */
import { isObject, type Json } from '../../core/json.ts'
import { checkRules } from './rules/check-rules.ts'
import { itemName } from './item-name.ts'
import { nearest } from './nearest.ts'
import { empty, field, item, missing, wrong, type Place, type Problem } from './problem.ts'
import { isQuantity } from './rules/quantity.ts'
import { absentItem } from './rules/rule-places.ts'
import type { FieldType, KubernetesSchema } from './schema.ts'

type List = Extract<FieldType, { readonly items: FieldType }>

type Scalar = { readonly holds: (value: Json) => boolean; readonly expected: string }

const INT32 = 2 ** 31
const INT64 = 2 ** 63
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
/** Go's decoder skips the ends of lines. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const isText = (value: Json) => typeof value === 'string'
const isWhole = (value: Json) => Number.isInteger(value)
const isBase64 = (value: Json) => typeof value === 'string' && BASE64.test(value.replace(/[\r\n]/g, ''))
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
  [
    'int64',
    {
      holds: (value) => typeof value === 'number' && isWhole(value) && value <= INT64 && value >= -INT64,
      expected: 'a whole number of 64 bits',
    },
  ],
  ['byte', { holds: isBase64, expected: 'a string in Base64 (text goes into stringData)' }],
  ['time', { holds: matches(TIME), expected: 'a time as in RFC 3339, such as "2026-01-31T12:00:00Z"' }],
  [
    'quantity',
    {
      holds: isQuantity,
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

/** Defaults of the keys by which the items of lists are told apart. */
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
    return [...checkFields(schema, type, at, value), ...checkRules(schema, type, at, value)]
  }
  if ('items' in type) return checkList(schema, type, at, value)
  if ('enum' in type)
    // The server fills in its default for an empty text.
    return typeof value === 'string' && (value === '' || type.enum.includes(value))
      ? []
      : wrong(at, value, describe(type))
  if (!isObject(value)) return wrong(at, value, 'an object')
  return sorted(value).flatMap(([key, one]) =>
    checkValue(schema, type.additionalProperties, field(at, key), one),
  )
}

function checkFields(schema: KubernetesSchema, type: string, at: Place, value: Json): readonly Problem[] {
  if (!isObject(value)) return wrong(at, value, 'an object')
  const { properties = {}, required = [] } = schema.definitions[type] ?? {}
  const { optional, lenient } = schema.rules
  return [
    ...sorted(value).flatMap(([key, one]) => {
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined
      const place = field(at, key)
      if (own === undefined) return unknownField(place, key, Object.keys(properties))
      const problems = checkValue(schema, own, place, one)
      return lenient[type]?.includes(key) === true ? problems.map(asWarning) : problems
    }),
    ...required
      .filter((key) => optional[type]?.includes(key) !== true)
      .flatMap((key) => checkRequired(field(at, key), properties[key] ?? 'any', value[key] ?? null))
      .map((problem) => ({ ...problem, isRule: true as const })),
  ]
}

function asWarning(problem: Problem): Problem {
  return problem.isRule === true ? { ...problem, isWarning: true } : problem
}

/** For Go, an empty text or list is the same as none. */
function checkRequired(at: Place, type: FieldType, value: Json): readonly Problem[] {
  if (value === null) return missing(at, describe(type))
  return value === '' || (Array.isArray(value) && value.length === 0) ? empty(at, describe(type)) : []
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
  const place = (index: number) => item(at, index, itemName(type, index, list[index] ?? null))
  return [
    ...list.flatMap((one, index) =>
      checkItem(schema, type.items, place(index), one ?? absentItem(type.items)),
    ),
    ...firstRepeated(type, list).map((index) => ({
      path: place(index).path,
      message: `${place(index).text} is there twice, expected each ${(type.keys ?? ['value']).join(' and ')} once`,
      // Only server-side apply tells the items apart by these keys.
      isWarning: true as const,
    })),
  ]
}

function checkItem(schema: KubernetesSchema, type: FieldType, at: Place, value: Json): readonly Problem[] {
  // A list has no default for an empty text.
  if (typeof type === 'object' && 'enum' in type && value === '') return wrong(at, value, describe(type))
  return checkValue(schema, type, at, value)
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
