/**
 * A custom resource as the API server checks it: without the nulls that its schema doesn't allow, and with defaults
 * (apiextensions, schema/defaulting). Indexes of lists stay as they are.
 */
import { isObject, type Json } from '../../../core/json.ts'
import { schemaOf, schemaOfField, type JsonSchema } from './json-schema.ts'

type Fields = { readonly [key: string]: Json }

/** @returns the value itself where nothing changes. */
export function fillDefaults(schema: JsonSchema | undefined, value: Json): Json {
  if (schema === undefined) return value
  if (Array.isArray(value)) return fillItems(schemaOf(schema, 'items'), value)
  return isObject(value) ? fillFields(schema, value) : value
}

function fillItems(schema: JsonSchema | undefined, list: readonly Json[]): Json {
  if (schema === undefined) return list
  const filled = list.map((one) => {
    const isReplaced = one === null && schema['nullable'] !== true
    return fillDefaults(schema, isReplaced ? (schema['default'] ?? null) : one)
  })
  return filled.every((one, index) => one === list[index]) ? list : filled
}

function fillFields(schema: JsonSchema, fields: Fields): Json {
  const changed = new Map<string, Json | undefined>()
  for (const [key, one] of Object.entries(fields)) {
    const own = schemaOfField(schema, key)
    const isReplaced = one === null && own !== undefined && own['nullable'] !== true
    const found = isReplaced ? (own['default'] ?? undefined) : one
    const filled = found === undefined ? undefined : fillDefaults(own, found)
    if (filled !== one) changed.set(key, filled)
  }
  for (const [key, own] of Object.entries(schemaOf(schema, 'properties') ?? {})) {
    const preset = isObject(own) ? own['default'] : undefined
    if (!isObject(own) || preset === undefined || preset === null || Object.hasOwn(fields, key)) continue
    changed.set(key, fillDefaults(own, preset))
  }
  if (changed.size === 0) return fields
  const all = [...Object.entries(fields).filter(([key]) => !changed.has(key)), ...changed]
  return Object.fromEntries(all.filter((entry): entry is [string, Json] => entry[1] !== undefined))
}
