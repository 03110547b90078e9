/** Lists whose items may be there once only: sets, and maps by keys of theirs (apiextensions, schema/listtype). */
import { isObject, type Json } from '../../../core/json.ts'
import { item, wrong, type Place, type Problem } from '../problem.ts'
import { isExact } from './check-limits.ts'
import type { JsonSchema } from './json-schema.ts'

export function checkList(schema: JsonSchema, at: Place, list: readonly Json[]): readonly Problem[] {
  const type = schema['x-kubernetes-list-type']
  if (type === 'set') return repeated(list, at, 'value')
  if (type !== 'map') return []
  const other = list.findIndex((one) => one !== null && !isObject(one))
  if (other !== -1) return wrong(item(at, other, other), list[other] ?? null, 'an object')
  const given = schema['x-kubernetes-list-map-keys']
  const keys = Array.isArray(given) ? given.map(String) : []
  const identities = list.map((one) => (isObject(one) ? keysOf(one, keys) : {}))
  return repeated(identities, at, keys.join(' and '))
}

function keysOf(one: { readonly [key: string]: Json }, keys: readonly string[]): Json {
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(one, key) ? [[key, one[key] ?? null]] : [])))
}

/** Each duplicate is reported once. */
function repeated(list: readonly Json[], at: Place, what: string): readonly Problem[] {
  if (list.length < 2) return []
  const times = new Map<string, number>()
  return list.flatMap((one, index) => {
    if (!hasExactNumbers(one)) return []
    const identity = canonical(one)
    const before = times.get(identity) ?? 0
    times.set(identity, before + 1)
    const { path, text } = item(at, index, index)
    return before === 1 ? [{ path, message: `${text} is there twice, expected each ${what} once` }] : []
  })
}

function hasExactNumbers(value: Json): boolean {
  if (typeof value === 'number') return isExact(value)
  if (Array.isArray(value)) return value.every(hasExactNumbers)
  return !isObject(value) || Object.values(value).every(hasExactNumbers)
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, one: Json) =>
    isObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  )
}
