/**
 * Makes mistakes in Kubernetes objects, as people make them: a field is removed, misspelt or empty, a name has a letter
 * too many, a number is out of range, an item is there twice. The same random numbers make the same mistakes.
 */
import { isList, isObject, type Json } from '../../src/core/json.ts'
import type { Path } from '../../src/kubernetes/check/problem.ts'
import type { FieldType, KubernetesSchema } from '../../src/kubernetes/check/schema.ts'
import type { Random } from '../seeded-random.ts'

export type Mutation = {
  /** Where, and what was done: `spec.replicas: -1`. */
  readonly what: string
  readonly object: Json
}

/** A value in the object, and its type in the schema. */
type Spot = { readonly path: Path; readonly value: Json; readonly type: FieldType }
type Change = {
  readonly what: string
  /** What becomes of the list or object that the value is in. */
  readonly apply: (parent: Json, key: string | number) => Json
}

const LONG_NAME = 'x'.repeat(64)
const LONG_SUBDOMAIN = 'x'.repeat(260)
const OF_OTHER_TYPES: readonly Json[] = ['', [], {}, 'x', 1, true, ['x'], { a: 'b' }]
const QUANTITIES = ['-1', '1 Gi', '1GB', '1e3', '0', '100Ti', '0.5', '1m', ' 1', 'many']
const KEYS = ['bad key', 'UPPER', 'a/b/c', '-x', 'x'.repeat(70), '..', 'ok.key', 'a_b', '']
const SCHEDULES = [
  '61 * * * *',
  '* * * *',
  '@often',
  '@daily',
  '* * * * * *',
  '*/5 * * * *',
  '0 0 31 2 *',
  '0 24 * * *',
  '0 0 * * 7',
  '0 0 * * MON',
  '0 0 * JAN *',
  '1-70 * * * *',
  'TZ=UTC 0 0 * * *',
]

/** Returns one mistake. Kind, version and namespace stay, since they say where the object goes. */
export function mutate(
  schema: KubernetesSchema,
  object: Json,
  definition: string,
  random: Random,
): Mutation | undefined {
  const spots = [...spotsIn(schema, object, definition)].filter(
    ({ path }) => path.length > 1 && !(path[0] === 'metadata' && path[1] === 'namespace'),
  )
  const spot = spots[random.below(spots.length)]
  if (spot === undefined) return undefined
  const changes = changesOf(schema, spot, random)
  const change = changes[random.below(changes.length)]
  if (change === undefined) return undefined
  return { what: `${spot.path.join('.')}: ${change.what}`, object: edited(object, spot.path, change.apply) }
}

function* spotsIn(schema: KubernetesSchema, value: Json, type: FieldType, path: Path = []): Generator<Spot> {
  if (path.length > 0) yield { path, value, type }
  if (isList(value)) {
    const items = typeof type === 'object' && 'items' in type ? type.items : 'any'
    for (const [i, item] of value.entries()) yield* spotsIn(schema, item, items, [...path, i])
  } else if (isObject(value)) {
    for (const [key, one] of Object.entries(value))
      yield* spotsIn(schema, one, typeOfField(schema, type, key), [...path, key])
  }
}

function typeOfField(schema: KubernetesSchema, type: FieldType, key: string): FieldType {
  if (typeof type === 'string') return schema.definitions[type]?.properties?.[key] ?? 'any'
  return 'additionalProperties' in type ? type.additionalProperties : 'any'
}

/** The likelier a mistake is, the more often it is here. */
function changesOf(schema: KubernetesSchema, spot: Spot, random: Random): readonly Change[] {
  const { path, value, type } = spot
  const one = <T>(list: readonly T[]): T | undefined => list[random.below(list.length)]
  const key = path.at(-1)
  return [
    ...times(2, () => REMOVED),
    set(null),
    set(one(OF_OTHER_TYPES)),
    ...(typeof key === 'string'
      ? [renamed(one([`${key}s`, key.slice(0, -1), key.toUpperCase(), `${key} `]))]
      : []),
    ...(typeof value === 'string' ? times(5, () => set(one(misspellings(value)))) : []),
    ...(type === 'quantity' ? times(4, () => set(one(QUANTITIES))) : []),
    ...(key === 'schedule' ? times(6, () => set(one(SCHEDULES))) : []),
    ...(typeof value === 'number' ? times(5, () => set(one(otherNumbers(value)))) : []),
    ...(isList(value) && value.length > 0
      ? [...times(3, () => set([...value, structuredClone(one(value) ?? null)], 'an item twice')), set([])]
      : []),
    ...(isObject(value) ? [...times(3, () => extended(schema, spot, value, one)), set({})] : []),
  ]
}

const REMOVED: Change = {
  what: 'removed',
  apply: (parent, key) => (isList(parent) ? parent.toSpliced(Number(key), 1) : without(parent, key)),
}

function renamed(to = ''): Change {
  return {
    what: `renamed to ${to}`,
    apply: (parent, key) => replaced(without(parent, key), to, isObject(parent) ? parent[key] : null),
  }
}

function set(to: Json | undefined, what = JSON.stringify(to).slice(0, 40)): Change {
  return { what, apply: (parent, key) => replaced(parent, key, to) }
}

function without(parent: Json, key: string | number): Json {
  return isObject(parent)
    ? Object.fromEntries(Object.entries(parent).filter(([name]) => name !== key))
    : parent
}

function replaced(parent: Json, key: string | number, value: Json = null): Json {
  if (isList(parent)) return parent.with(Number(key), value)
  return isObject(parent) ? { ...parent, [key]: value } : parent
}

function misspellings(text: string): readonly string[] {
  return [
    '',
    `${text}x`,
    `${text}x`,
    `${text}2`,
    `${text} `,
    ` ${text}`,
    text.toUpperCase(),
    `${text}_y`,
    `${text}.`,
    `-${text}`,
    `${text}/y`,
    `/${text}`,
    `../${text}`,
    `${text}:y`,
    'a b',
    LONG_NAME,
    LONG_SUBDOMAIN,
    text.slice(0, -1),
    text.slice(1),
    text.charAt(0).toUpperCase() + text.slice(1),
    '1',
    '*',
  ]
}

function otherNumbers(value: number): readonly Json[] {
  return [-1, 0, 1, 2, 65_536, 99_999, 3_000_000_000, 1.5, value * 10, value + 1, String(value)]
}

/** Adds a field of the type that wasn't there, or a key to a map. */
function extended(
  schema: KubernetesSchema,
  { type }: Spot,
  value: { readonly [key: string]: Json },
  one: <T>(list: readonly T[]) => T | undefined,
): Change {
  const properties = typeof type === 'string' ? schema.definitions[type]?.properties : undefined
  const absent = Object.keys(properties ?? {}).filter((name) => !Object.hasOwn(value, name))
  const key = one(properties === undefined ? KEYS : absent) ?? 'x'
  const added =
    properties === undefined ? (Object.values(value)[0] ?? 'x') : sample(schema, properties[key] ?? 'any', 0)
  return set({ ...value, [key]: added }, `with ${JSON.stringify(key)}`)
}

const SAMPLES: { readonly [type: string]: Json } = {
  string: 'x',
  boolean: true,
  number: 1,
  int32: 1,
  int64: 1,
  byte: 'eA==',
  time: '2026-01-31T12:00:00Z',
  quantity: '1',
  intOrString: 1,
  object: {},
  any: {},
}
const MAX_DEPTH = 3

function sample(schema: KubernetesSchema, type: FieldType, depth: number): Json {
  if (typeof type === 'object') {
    if ('enum' in type) return type.enum[0] ?? 'x'
    if ('items' in type) return [sample(schema, type.items, depth + 1)]
    return { a: sample(schema, type.additionalProperties, depth + 1) }
  }
  const known = SAMPLES[type]
  if (known !== undefined) return known
  const { properties = {}, required = [] } = schema.definitions[type] ?? {}
  if (depth > MAX_DEPTH) return {}
  return Object.fromEntries(required.map((key) => [key, sample(schema, properties[key] ?? 'any', depth + 1)]))
}

function edited(object: Json, [key = '', ...rest]: Path, apply: Change['apply']): Json {
  if (rest.length === 0) return apply(object, key)
  const child = isList(object) ? object[Number(key)] : isObject(object) ? object[key] : null
  return replaced(object, key, edited(child ?? null, rest, apply))
}

function times<T>(count: number, make: () => T): readonly T[] {
  return Array.from({ length: count }, make)
}
