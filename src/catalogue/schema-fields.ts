/** The fields of a schema in a list, as people read them. */
import { isObject, type Json } from '../core/json.ts'
import { schemaOf, type JsonSchema } from '../kubernetes/check/custom/json-schema.ts'
import type { Values } from './catalogue.ts'

export type SchemaField = {
  /** `resources.memory`, `hosts[]`, `labels.*` */
  readonly path: string
  /** `integer, 1 to 20`, `string`, `list of string` */
  readonly type: string
  /** The default as JSON; undefined: none, or that of an object whose fields have their own. */
  readonly preset: string | undefined
  readonly isRequired: boolean
  readonly description: string
}

/** A schema may refer to nothing, but may be as deep as a document. */
const MAX_DEPTH = 12

/** @param defaults of the entry, which stand in for those of the schema. */
export function fieldsOf(schema: JsonSchema, defaults: Values): readonly SchemaField[] {
  return fieldsBelow(schema, '', defaults, 0)
}

function fieldsBelow(
  schema: JsonSchema,
  prefix: string,
  defaults: Json | undefined,
  depth: number,
): readonly SchemaField[] {
  if (depth > MAX_DEPTH) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const properties = Object.entries(schemaOf(schema, 'properties') ?? {}).flatMap(([key, own]) => {
    if (!isObject(own)) return []
    const path = prefix === '' ? key : `${prefix}.${key}`
    const given = isObject(defaults) && Object.hasOwn(defaults, key) ? defaults[key] : undefined
    return [
      fieldOf(own, path, given, required.includes(key)),
      ...fieldsBelow(own, path, given ?? own['default'], depth + 1),
    ]
  })
  const items = schemaOf(schema, 'items')
  const others = schemaOf(schema, 'additionalProperties')
  return [
    ...properties,
    ...(items === undefined ? [] : fieldsBelow(items, `${prefix}[]`, undefined, depth + 1)),
    ...(others === undefined ? [] : fieldsBelow(others, `${prefix}.*`, undefined, depth + 1)),
  ]
}

function fieldOf(
  schema: JsonSchema,
  path: string,
  given: Json | undefined,
  isRequired: boolean,
): SchemaField {
  const preset = given ?? schema['default']
  const hasOwnFields = isObject(preset) && schemaOf(schema, 'properties') !== undefined
  const { description } = schema
  return {
    path,
    type: typeOf(schema),
    preset: preset === undefined || preset === null || hasOwnFields ? undefined : JSON.stringify(preset),
    isRequired: isRequired && (preset === undefined || preset === null),
    description: typeof description === 'string' ? (description.split('\n')[0] ?? '') : '',
  }
}

function typeOf(schema: JsonSchema): string {
  const words = schema['enum']
  if (Array.isArray(words)) return `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string'
  const { type, minimum, maximum, format } = schema
  const [items, others] = [schemaOf(schema, 'items'), schemaOf(schema, 'additionalProperties')]
  if (type === 'array') return items === undefined ? 'list' : `list of ${typeOf(items)}`
  if (type === 'object') return others === undefined ? 'object' : `map of ${typeOf(others)}`
  const name = typeof type === 'string' ? type : 'any'
  if (typeof minimum === 'number' && typeof maximum === 'number') return `${name}, ${minimum} to ${maximum}`
  if (typeof minimum === 'number') return `${name}, at least ${minimum}`
  if (typeof maximum === 'number') return `${name}, at most ${maximum}`
  return typeof format === 'string' ? `${name} (${format})` : name
}
