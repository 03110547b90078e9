/**
 * The fields that tell the items of a list apart, guessed from the items. The schema would tell them exactly, but
 * custom resources have one of their own, and a wrong guess costs a longer list of differences and nothing else.
 */
import { isObject, type Json } from '../../core/json.ts'

/** The most telling first. These are the keys of Kubernetes' own lists, as far as `name` isn't one. */
const CANDIDATES: readonly (readonly string[])[] = [
  ['name'],
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
  ['mountPath'],
  ['devicePath'],
  ['key'],
  ['uid'],
  ['type'],
  ['host'],
  ['topologyKey', 'whenUnsatisfiable'],
]

/** @returns nothing where no fields tell the items of both lists apart. */
export function listKeys(one: readonly Json[], other: readonly Json[]): readonly string[] | undefined {
  if (one.length === 0 && other.length === 0) return undefined
  return CANDIDATES.find((names) => tellsApart(one, names) && tellsApart(other, names))
}

/** The keys of one item, for a step of a path. */
export function keysOf(item: Json, names: readonly string[]): { readonly [name: string]: Json } {
  return Object.fromEntries(names.map((name) => [name, (isObject(item) ? item[name] : undefined) ?? null]))
}

function tellsApart(items: readonly Json[], names: readonly string[]): boolean {
  const seen = new Set<string>()
  for (const item of items) {
    if (!isObject(item)) return false
    const values = names.map((name) => item[name])
    if (!values.every((value) => typeof value === 'string' || typeof value === 'number')) return false
    seen.add(JSON.stringify(values))
  }
  return seen.size === items.length
}
