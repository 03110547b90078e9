/**
 * The schema of a CustomResourceDefinition (apiextensions v1), whose keywords are read one by one: any may be missing.
 */
import { isObject, type Json } from '../../../core/json.ts'

export type JsonSchema = { readonly [key: string]: Json }

/** The schema of a field: its own, or the one that all other fields share. */
export function schemaOfField(schema: JsonSchema, key: string): JsonSchema | undefined {
  const properties = schema['properties']
  const own = isObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined
  const found = own ?? schema['additionalProperties']
  return isObject(found) ? found : undefined
}

/** The schema of a keyword such as `items` or `not`. */
export function schemaOf(schema: JsonSchema, keyword: string): JsonSchema | undefined {
  const found = schema[keyword]
  return isObject(found) ? found : undefined
}

/** The schemas of a keyword such as `anyOf`. */
export function schemasOf(schema: JsonSchema, keyword: string): readonly JsonSchema[] {
  const found = schema[keyword]
  return Array.isArray(found) ? found.filter(isObject) : []
}
