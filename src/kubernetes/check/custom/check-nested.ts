/** Schemas within `allOf`, `anyOf`, `oneOf` and `not`: they may only say more about what stands outside of them. */
import type { Json } from '../../../core/json.ts'
import { field, item, wrong, type Place, type Problem } from '../problem.ts'
import { schemaOf, schemasOf, type JsonSchema } from './json-schema.ts'
import { checkKeywords, EITHER, OPEN, partsOf, WHOLE } from './schema-keywords.ts'

/** Keywords that say how a value is built. They stand outside of alternatives. */
const STRUCTURE = [
  'additionalProperties',
  'default',
  'description',
  'nullable',
  'title',
  'type',
  WHOLE,
  EITHER,
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  OPEN,
  'x-kubernetes-validations',
]
const OUTSIDE = 'none within allOf, anyOf, oneOf and not'

/** The two types of a whole number or a string may stand in its `anyOf`. */
export function isEither(schema: JsonSchema): boolean {
  return JSON.stringify(schema['anyOf']) === '[{"type":"integer"},{"type":"string"}]'
}

/**
 * @param structure around the alternatives, of which these may only say more; given at the root, elsewhere the server
 *   doesn't compare them.
 * @param skipped alternatives that may say types.
 */
export function checkNestedParts(
  nested: JsonSchema,
  structure: JsonSchema | undefined,
  at: Place,
  skipped: readonly string[],
  isOuter = false,
): readonly Problem[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) =>
    skipped.includes(keyword)
      ? []
      : schemasOf(nested, keyword).flatMap((one, index) => {
          const inner = keyword === 'allOf' && index === 0 && isOuter && isEither(one) ? ['anyOf'] : []
          return checkNested(one, structure, item(field(at, keyword), index, index), inner)
        }),
  )
  const not = schemaOf(nested, 'not')
  return [...lists, ...(not === undefined ? [] : checkNested(not, structure, field(at, 'not'), []))]
}

function checkNested(
  nested: JsonSchema,
  structure: JsonSchema | undefined,
  at: Place,
  skipped: readonly string[],
): readonly Problem[] {
  return [
    ...checkKeywords(nested, at),
    ...STRUCTURE.filter((key) =>
      key === 'default' ? (nested[key] ?? null) !== null : !isAbsent(nested[key]),
    ).flatMap((key) => wrong(field(at, key), nested[key] ?? null, OUTSIDE)),
    ...partsOf({ ...nested, additionalProperties: null }, at).flatMap(([key, part, place]) =>
      checkNestedPart(structure, key, part, place),
    ),
    ...checkNestedParts(nested, structure, at, skipped),
  ]
}

function checkNestedPart(
  structure: JsonSchema | undefined,
  key: string,
  part: JsonSchema,
  place: Place,
): readonly Problem[] {
  const isField = place.path.at(-2) === 'properties'
  if (isField && key === 'metadata') return wrong(place, part, OUTSIDE)
  if (structure === undefined) return checkNested(part, undefined, place, [])
  const counterpart = schemaOf(isField ? (schemaOf(structure, 'properties') ?? {}) : structure, key)
  return counterpart === undefined
    ? wrong(place, part, 'nothing about what is described nowhere else')
    : checkNested(part, counterpart, place, [])
}

function isAbsent(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}
