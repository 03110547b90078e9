/** Small structural schemas and values for them, which look random and are the same in every run. */
import type { Json } from '../../src/core/json.ts'
import type { Random } from '../seeded-random.ts'

export type Schema = { readonly [key: string]: Json }

const FIELDS = ['a', 'b', 'c']
const WORDS = ['', 'a', 'ab', 'b1', 'é', '😀😀', 'a\nb', '1.5', '10.0.0.1', '2026-01-31', '1h', 'A', '0']
const NUMBERS = [
  0, 1, 2, 3, 5, 65, -1, -3, 1.5, 0.1, 0.3, 2.5, 1e3, 2147483648, 4294967296, 1e21, 5.000000001,
]
/** Without those that Go converts differently on other processors. */
const LIMITS = NUMBERS.filter((number) => number < 2 ** 63)
const PATTERNS = [
  '^a',
  'b$',
  '^[a-z]+$',
  'a.b',
  '\\d',
  '(?i)^A$',
  '^(a|b1)$',
  '^$',
  '[^a]',
  '\\p{L}',
  'a|b',
  '^.{2}$',
]
const FORMATS = ['ipv4', 'date', 'duration', 'int32', 'byte', 'nonsense', 'date-time']
const CHANCE = 100

const pick = <T>(random: Random, items: readonly T[], fallback: T): T =>
  items[random.below(items.length)] ?? fallback
const isLucky = (random: Random, percent: number) => random.below(CHANCE) < percent
const some = (random: Random, percent: number, make: () => Schema): Schema =>
  isLucky(random, percent) ? make() : {}

/** Of which the server may refuse some. */
export function randomSchema(random: Random, depth = 2): Schema {
  const kinds = ['string', 'integer', 'number', 'boolean', 'either', 'any']
  const kind = pick(
    random,
    depth > 0 ? [...kinds, 'object', 'object', 'object', 'map', 'array', 'array'] : kinds,
    'any',
  )
  return {
    ...ofKind(random, kind, depth),
    ...some(random, 15, () => ({ nullable: true })),
    ...some(random, 10, () => ({
      enum: [randomValue(random, 1), randomValue(random, 0), randomValue(random, 0)],
    })),
    ...some(random, 15, () => ({ default: randomValue(random, depth) })),
    ...some(random, 25, () => alternatives(random, kind, depth)),
  }
}

function ofKind(random: Random, kind: string, depth: number): Schema {
  switch (kind) {
    case 'any':
      return {
        'x-kubernetes-preserve-unknown-fields': true,
        ...some(random, 30, () => limits(random, 'any')),
      }
    case 'either':
      return { 'x-kubernetes-int-or-string': true, ...limits(random, 'any') }
    case 'map':
      return {
        type: 'object',
        additionalProperties: isLucky(random, 20) ? true : randomSchema(random, depth - 1),
        ...limits(random, 'object'),
      }
    case 'object':
      return objectSchema(random, depth)
    case 'array':
      return arraySchema(random, depth)
    default:
      return { type: kind, ...limits(random, kind) }
  }
}

function objectSchema(random: Random, depth: number): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      FIELDS.filter(() => isLucky(random, 70)).map((key) => [key, randomSchema(random, depth - 1)]),
    ),
    ...limits(random, 'object'),
    ...some(random, 10, () => ({ 'x-kubernetes-preserve-unknown-fields': true })),
    ...some(random, 8, () => ({ 'x-kubernetes-embedded-resource': true })),
  }
}

function arraySchema(random: Random, depth: number): Schema {
  if (isLucky(random, 30)) {
    const keys = isLucky(random, 50) ? ['a'] : ['a', 'b']
    const scalar = () => ({ ...ofKind(random, pick(random, ['string', 'integer'], 'string'), 0) })
    const key = (): Schema => ({
      ...scalar(),
      ...some(random, 50, () => ({ default: pick(random, WORDS, '') })),
    })
    const items = {
      type: 'object',
      required: keys,
      properties: { a: key(), b: key(), c: randomSchema(random, 0) },
    }
    return { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }
  }
  return {
    type: 'array',
    items: randomSchema(random, depth - 1),
    ...limits(random, 'array'),
    ...some(random, 20, () => ({ 'x-kubernetes-list-type': 'set' })),
  }
}

function limits(random: Random, kind: string): Schema {
  const isAny = kind === 'any'
  return {
    ...((isAny || kind === 'string') && {
      ...some(random, 15, () => ({ minLength: random.below(3) })),
      ...some(random, 15, () => ({ maxLength: random.below(3) })),
      ...some(random, 15, () => ({ pattern: pick(random, PATTERNS, '^a') })),
      ...some(random, 15, () => ({ format: pick(random, FORMATS, 'date') })),
    }),
    ...((isAny || kind === 'integer' || kind === 'number') && {
      ...some(random, 20, () => ({
        minimum: pick(random, LIMITS, 0),
        exclusiveMinimum: isLucky(random, 50),
      })),
      ...some(random, 20, () => ({
        maximum: pick(random, LIMITS, 0),
        exclusiveMaximum: isLucky(random, 50),
      })),
      ...some(random, 15, () => ({ multipleOf: pick(random, [1, 2, 0.1, 1.5, 0.5], 2) })),
      ...some(random, 10, () => ({ format: pick(random, ['int32', 'int64', 'double', 'date'], 'int32') })),
    }),
    ...((isAny || kind === 'array') && {
      ...some(random, 15, () => ({ minItems: random.below(3) })),
      ...some(random, 15, () => ({ maxItems: random.below(3) })),
    }),
    ...((isAny || kind === 'object') && {
      ...some(random, 15, () => ({ minProperties: random.below(3) })),
      ...some(random, 15, () => ({ maxProperties: random.below(3) })),
      ...some(random, 30, () => ({ required: FIELDS.filter(() => isLucky(random, 40)) })),
    }),
  }
}

/** @param kind of what they are about, for which they say no type. */
function alternatives(random: Random, kind: string, depth: number): Schema {
  const inner = (): Schema => ({
    ...limits(random, kind === 'either' ? 'any' : kind === 'map' ? 'object' : kind),
    ...some(random, 15, () => ({ enum: [randomValue(random, 0), randomValue(random, 0)] })),
    ...(kind === 'object' &&
      some(random, 40, () => ({ properties: { [pick(random, FIELDS, 'a')]: limits(random, 'any') } }))),
    ...(kind === 'array' && some(random, 30, () => ({ items: limits(random, 'any') }))),
    ...(depth > 0 && some(random, 10, () => alternatives(random, kind, depth - 1))),
  })
  const types = [{ type: 'integer' }, { type: 'string' }]
  if (kind === 'either' && isLucky(random, 50))
    return isLucky(random, 50) ? { anyOf: types } : { allOf: [{ anyOf: types }, inner()] }
  const keyword = pick(random, ['allOf', 'anyOf', 'oneOf', 'not'], 'not')
  return { [keyword]: keyword === 'not' ? inner() : [inner(), inner()] }
}

function randomValue(random: Random, depth: number): Json {
  const kind = random.below(depth > 0 ? 12 : 6)
  if (kind === 0) return null
  if (kind === 1) return isLucky(random, 50)
  if (kind < 4) return pick(random, NUMBERS, 0)
  if (kind < 6) return pick(random, WORDS, '')
  if (kind < 8) return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1))
  return Object.fromEntries(
    [...FIELDS, 'd', 'apiVersion', 'kind', 'metadata']
      .filter((_, i) => isLucky(random, i < 3 ? 60 : 8))
      .map((key) => [key, randomValue(random, depth - 1)]),
  )
}

/** A value that is mostly of the types that the schema says. */
export function valueFor(random: Random, schema: Schema, depth = 2): Json {
  if (isLucky(random, 12)) return randomValue(random, depth)
  const words = schema['enum']
  if (Array.isArray(words) && isLucky(random, 70)) return pick<Json>(random, words as readonly Json[], null)
  const inner = (one: Json | undefined) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? valueFor(random, one as Schema, depth - 1)
      : randomValue(random, depth - 1)
  switch (schema['type']) {
    case 'string':
      return pick(random, WORDS, '')
    case 'integer':
    case 'number':
      return pick(random, NUMBERS, 0)
    case 'boolean':
      return isLucky(random, 50)
    case 'array':
      return Array.from({ length: random.below(4) }, () => inner(schema['items']))
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Schema
      const keys = [
        ...FIELDS,
        ...(isLucky(random, 5) ? ['d'] : []),
        ...(schema['x-kubernetes-embedded-resource'] === true ? ['apiVersion', 'kind'] : []),
      ]
      return Object.fromEntries(
        keys
          .filter((key) =>
            isLucky(
              random,
              key in properties || key.length > 1
                ? 80
                : schema['additionalProperties'] === undefined
                  ? 4
                  : 50,
            ),
          )
          .map((key) => [
            key,
            key.length > 1
              ? pick(random, ['v1', 'Pod', '', 'a/b/c'], 'v1')
              : inner(properties[key] ?? schema['additionalProperties']),
          ]),
      )
    }
    default:
      return schema['x-kubernetes-int-or-string'] === true
        ? pick<Json>(random, [...WORDS, ...NUMBERS], '')
        : randomValue(random, depth)
  }
}
