/** The entries of a catalogue, from the JSON that Nix or an index has of them. Everything in it is checked. */
import * as Type from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { jsonExcess } from '../core/errors/nesting.ts'
import { isObject, parseJson, type Json } from '../core/json.ts'
import { countCelRules } from '../kubernetes/check/custom/cel-rules.ts'
import { checkSchema } from '../kubernetes/check/custom/check-schema.ts'
import { field, ROOT, type Problem } from '../kubernetes/check/problem.ts'
import { compareEntries, type CatalogueEntry, type Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
import { mergeValues, tryFill } from './fill-values.ts'

/** More than the schemas of all of Kubernetes have. */
const MAX_VALUES = 1_000_000
const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/
const VERSION = /^[0-9A-Za-z]([0-9A-Za-z._+-]*[0-9A-Za-z])?$/
/** Names of objects, in which entries are, have no more. */
const MAX_LENGTH = 63

const values = Type.Unsafe<Values>(Type.Object({}))
const ENTRIES = validatorOf(
  Type.Record(
    Type.String(),
    Type.Record(
      Type.String(),
      Type.Object({
        description: Type.String(),
        schema: values,
        defaults: values,
        presets: Type.Unsafe<CatalogueEntry['presets']>(Type.Record(Type.String(), Type.Object({}))),
      }),
    ),
  ),
)

/**
 * @param text JSON: names, versions, and of each the description, schema, defaults and presets.
 * @param file what the catalogue is called in messages.
 * @throws CatalogueError `invalid-catalogue`
 */
export function readEntries(text: string, file: string): readonly CatalogueEntry[] {
  const json = parseBounded(text, file)
  if (!ENTRIES.Check(json)) throw invalid(file, 'expected names with versions, each an entry')
  const entries = Object.entries(json).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, entry]) => ({ ...entry, name, version })),
  )
  for (const entry of entries) checkEntry(entry, file)
  return entries.toSorted(compareEntries)
}

/** @throws CatalogueError `invalid-catalogue` for what isn't JSON, or is nested too deeply. */
export function parseBounded(text: string, file: string): Json {
  const excess = jsonExcess(text, MAX_VALUES)
  if (excess !== undefined) throw invalid(file, excess === 'depth' ? 'nested too deeply' : 'too many values')
  try {
    return parseJson(text)
  } catch (cause) {
    throw new CatalogueError('invalid-catalogue', `${file}: isn’t JSON`, { cause })
  }
}

function checkEntry(entry: CatalogueEntry, file: string): void {
  const { name, version, schema, defaults, presets } = entry
  if (name.length > MAX_LENGTH || !NAME.test(name))
    throw invalid(file, `the name of an entry is ${JSON.stringify(name)}, expected at most 63 of a-z 0-9 -`)
  if (version.length > MAX_LENGTH || !VERSION.test(version))
    throw invalid(
      file,
      `a version of ${name} is ${JSON.stringify(version)}, expected one such as "1.2.0" of letters, digits and . _ + -`,
    )
  const at = `${name} ${version}`
  if (schema['type'] !== 'object') throw invalid(file, `${at}: schema.type is not "object"`)
  // Only the API server evaluates them, and it doesn't have this schema.
  if (countCelRules(schema) > 0)
    throw invalid(file, `${at}: the schema has x-kubernetes-validations, which nothing here evaluates`)
  const [wrong] = checkSchema(schema, field(ROOT, 'schema'), 'field')
  if (wrong !== undefined) throw invalid(file, `${at}: ${wrong.message}`)
  refuse(problemsOfGiven(entry, {}, defaults), `${at}: defaults`)
  for (const [preset, own] of Object.entries(presets))
    refuse(problemsOfGiven(entry, own, mergeValues(defaults, own)), `${at}: presets.${preset}`)

  function refuse(problems: readonly Problem[], where: string): void {
    const [first] = problems
    if (first !== undefined) throw invalid(file, `${where}: ${first.message}`)
  }
}

/** Problems of values that are there. Those that are missing may be given by the one who asks. */
function problemsOfGiven(entry: CatalogueEntry, own: Values, merged: Json): readonly Problem[] {
  return tryFill(entry, own).problems.filter(({ path }) => isThere(merged, path))
}

function isThere(value: Json, path: Problem['path']): boolean {
  let here: Json | undefined = value
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? (here as readonly Json[])[step] : undefined
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }
  return here !== undefined
}

function invalid(file: string, message: string): CatalogueError {
  return new CatalogueError('invalid-catalogue', `${file}: ${message}`)
}
