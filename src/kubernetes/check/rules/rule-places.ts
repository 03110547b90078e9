/** Finds the places in a value that the path of a rule means. */
import { isObject, type Json } from '../../../core/json.ts'
import { itemName } from '../item-name.ts'
import { field, item, type Place } from '../problem.ts'
import type { FieldType, KubernetesSchema } from '../schema.ts'

/** A value, its place, and its type in the schema. Absent values are null. */
export type Spot = { readonly place: Place; readonly value: Json; readonly type: FieldType }

const paths = new Map<string, readonly (readonly string[])[]>()

/** Returns the values at a path. Fields that are absent are returned as null where their object is present. */
export function spotsAt(schema: KubernetesSchema, from: Spot, path: string): readonly Spot[] {
  return stepsOf(path).reduce<readonly Spot[]>(
    (spots, names) => spots.flatMap((spot) => names.flatMap((name) => step(schema, spot, name))),
    [from],
  )
}

/** Returns the value at the path of one field, or null. */
export function valueAt(value: Json, path: string): Json {
  let found = value
  for (const [name = ''] of stepsOf(path)) found = fieldOf(found, name)
  return found
}

/** Returns the place that a path of fields means, whether anything is there or not. */
export function placeAt(from: Place, path: string): Place {
  return stepsOf(path).reduce((place, [name = '']) => field(place, name), from)
}

/** Whether Go takes the value for absent. */
export function isEmpty(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (isObject(value)) return Object.keys(value).length === 0
  return value === null || value === ''
}

function step(schema: KubernetesSchema, { place, value, type }: Spot, name: string): readonly Spot[] {
  if (name !== '[]') {
    if (!isObject(value)) return []
    return [spotOf(schema, { place, value, type }, name)]
  }
  if (Array.isArray(value)) {
    const list: readonly Json[] = value
    const items = typeof type === 'object' && 'items' in type ? type.items : 'any'
    return list.map((one, index) => ({
      place: item(place, index, itemName(type, index, one)),
      value: one ?? absentItem(items),
      type: items,
    }))
  }
  if (!isObject(value)) return []
  return Object.keys(value)
    .sort()
    .map((key) => spotOf(schema, { place, value, type }, key))
}

/** Returns the field of one name, which isn't a path: keys of maps may hold any character. */
export function spotOf(schema: KubernetesSchema, { place, value, type }: Spot, name: string): Spot {
  return { place: field(place, name), value: fieldOf(value, name), type: fieldType(schema, type, name) }
}

/** Returns the value's own field, or null. A key may be called `constructor`. */
export function fieldOf(value: Json, name: string): Json {
  return isObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null
}

/** Returns what Go makes of a null in a list. */
export function absentItem(type: FieldType): Json {
  if (typeof type === 'object' && 'enum' in type) return ''
  if (typeof type === 'string' && type.includes('.')) return {}
  return type === 'string' ? '' : null
}

function fieldType(schema: KubernetesSchema, type: FieldType, name: string): FieldType {
  if (typeof type === 'string') return schema.definitions[type]?.properties?.[name] ?? 'any'
  return 'additionalProperties' in type ? type.additionalProperties : 'any'
}

/** Each step is the names of fields to follow. */
function stepsOf(path: string): readonly (readonly string[])[] {
  const known = paths.get(path)
  if (known !== undefined) return known
  const steps =
    path === ''
      ? []
      : path.split('/').map((step) => step.split('|').map((name) => name.replaceAll('~1', '/')))
  paths.set(path, steps)
  return steps
}

/** Returns the value where it is an object, or one without fields. */
export function objectOr(value: Json | undefined): { readonly [key: string]: Json } {
  return value !== undefined && isObject(value) ? value : {}
}
