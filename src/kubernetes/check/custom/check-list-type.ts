/** `x-kubernetes-list-type` of a schema: what its lists' items must be, so that they can be told apart. */
import { isObject } from '../../../core/json.ts'
import { field, missing, wrong, type Place, type Problem } from '../problem.ts'
import { schemaOf, type JsonSchema } from './json-schema.ts'

const TYPE = 'x-kubernetes-list-type'
const KEYS = 'x-kubernetes-list-map-keys'
const TYPES = ['atomic', 'map', 'set']

export function checkListType(schema: JsonSchema, at: Place): readonly Problem[] {
  const type = schema[TYPE] ?? null
  const given = schema[KEYS]
  const keys = Array.isArray(given) ? given.map(String) : []
  const isMap = type === 'map'
  if (keys.length > 0 && !isMap)
    return type === null ? missing(field(at, TYPE), '"map"') : wrong(field(at, TYPE), type, '"map"')
  if (type === null) return []
  if (typeof type !== 'string' || !TYPES.includes(type))
    return wrong(field(at, TYPE), type, 'one of "atomic", "map", "set"')
  if (schema['type'] !== 'array') return wrong(field(at, TYPE), type, 'none, since its type is no array')
  const items = schemaOf(schema, 'items')
  if (type === 'atomic' || items === undefined) return []
  const place = field(at, 'items')
  return [
    ...(items['nullable'] === true
      ? wrong(field(place, 'nullable'), true, 'false in a list that is a map or set')
      : []),
    ...(isMap ? checkMap(keys, items, at) : checkSet(items, place)),
  ]
}

function checkMap(keys: readonly string[], items: JsonSchema, at: Place): readonly Problem[] {
  const place = field(at, 'items')
  if (keys.length === 0) return missing(field(at, KEYS), 'names of fields that tell its items apart')
  if (items['type'] !== 'object') return wrong(field(place, 'type'), items['type'] ?? null, '"object"')
  const properties = schemaOf(items, 'properties') ?? {}
  const required = Array.isArray(items['required']) ? items['required'].map(String) : []
  return [
    ...keys.flatMap((key) => {
      const own = schemaOf(properties, key)
      const inner = field(field(place, 'properties'), key)
      if (!isObject(own)) return missing(inner, `a schema, since ${key} tells the items apart`)
      const type = own['type'] ?? null
      return [
        ...(type === 'array' || type === 'object'
          ? wrong(field(inner, 'type'), type, 'a type of single values')
          : []),
        ...(own['nullable'] === true ? wrong(field(inner, 'nullable'), true, 'false in a key') : []),
        ...(required.includes(key) || (own['default'] ?? null) !== null
          ? []
          : missing(field(inner, 'default'), `a default, or ${key} among what is required`)),
      ]
    }),
    ...(new Set(keys).size === keys.length ? [] : wrong(field(at, KEYS), keys, 'each name once')),
  ]
}

function checkSet(items: JsonSchema, at: Place): readonly Problem[] {
  const type = items['type']
  const listType = items[TYPE] ?? 'atomic'
  const mapType = items['x-kubernetes-map-type'] ?? null
  if (type === 'array' && listType !== 'atomic') return wrong(field(at, TYPE), listType, '"atomic" in a set')
  if (type !== 'object' || mapType === 'atomic') return []
  const place = field(at, 'x-kubernetes-map-type')
  return mapType === null ? missing(place, '"atomic" in a set') : wrong(place, mapType, '"atomic" in a set')
}
