/**
 * Rules in CEL (`x-kubernetes-validations`), which only the API server evaluates: they are counted, so that the report
 * can mention them.
 */
import { isObject, type Json } from '../../../core/json.ts'
import { schemaOf, schemasOf, type JsonSchema } from './json-schema.ts'

/** @returns how many rules the schema has for a value and all that is in it. */
export function countCelRules(schema: JsonSchema): number {
  const rules = schema['x-kubernetes-validations']
  return partsOf(schema).reduce(
    (count, part) => count + countCelRules(part),
    Array.isArray(rules) ? rules.length : 0,
  )
}

function partsOf(schema: JsonSchema): readonly JsonSchema[] {
  const parts: readonly (Json | undefined)[] = [
    ...Object.values(schemaOf(schema, 'properties') ?? {}),
    ...['additionalProperties', 'items', 'not'].map((keyword) => schema[keyword]),
    ...['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => schemasOf(schema, keyword)),
  ]
  return parts.filter(isObject)
}
