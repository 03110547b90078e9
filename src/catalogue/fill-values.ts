/** Values for an entry of a catalogue, checked against its schema and with all defaults, as the API server does both. */
import { jsonExcess } from '../core/errors/nesting.ts'
import { isObject, type Json } from '../core/json.ts'
import { checkCustom } from '../kubernetes/check/custom/check-custom.ts'
import { fillDefaults } from '../kubernetes/check/custom/fill-defaults.ts'
import { withoutRepeats, wrong, type Place, type Problem } from '../kubernetes/check/problem.ts'
import type { CatalogueEntry, Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'

/** etcd takes no object above 1.5 MiB, and values are a part of one. */
const MAX_BYTES = 1024 * 1024
/** As many as a MiB has room for where each is a word. */
const MAX_VALUES = 200_000
/** A path below the root. At the root the API server accepts `apiVersion`, `kind` and `metadata` without the schema. */
const VALUES: Place = { path: ['values'], text: '' }

/**
 * @param values as JSON has them. Objects replace the entry's defaults field by field, anything else as a whole.
 * @returns the values that the entry's function receives. @throws CatalogueError `invalid-values` with each problem.
 */
export function fillValues(entry: CatalogueEntry, values: Json): Values {
  const { filled, problems } = tryFill(entry, values)
  if (problems.length === 0) return filled
  const [first] = problems
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  const message = `${entry.name} ${entry.version}: ${first?.message ?? ''}${more}`
  throw new CatalogueError('invalid-values', message, { problems })
}

/** @returns values with their problems, whose paths begin at the values' root. */
export function tryFill(
  entry: CatalogueEntry,
  values: Json,
): { readonly filled: Values; readonly problems: readonly Problem[] } {
  const excess = excessOf(values)
  if (excess !== undefined)
    return { filled: {}, problems: [{ path: [], message: `the values are ${excess}` }] }
  const merged = mergeValues(entry.defaults, values)
  const filled = fillDefaults(entry.schema, merged)
  const problems = isObject(filled)
    ? checkCustom(entry.schema, VALUES, filled, () => [])
    : wrong({ path: ['values'], text: 'values' }, filled, 'an attribute set')
  return {
    filled: isObject(filled) ? filled : {},
    problems: withoutRepeats(problems).map(({ path, ...rest }) => ({ ...rest, path: path.slice(1) })),
  }
}

function excessOf(values: Json): string | undefined {
  let text
  try {
    text = JSON.stringify(values)
  } catch (error) {
    if (error instanceof RangeError) return 'nested too deeply'
    throw error
  }
  if (Buffer.byteLength(text) > MAX_BYTES) return `larger than ${MAX_BYTES / 1024} KiB`
  const excess = jsonExcess(text, MAX_VALUES)
  return excess === undefined ? undefined : excess === 'depth' ? 'nested too deeply' : 'too many'
}

/** Merges objects field by field; another value replaces the one below it. */
export function mergeValues(below: Json, above: Json): Json {
  if (!isObject(below) || !isObject(above)) return above
  const fields = new Map(Object.entries(below))
  for (const [key, value] of Object.entries(above)) {
    const under = fields.get(key)
    fields.set(key, under === undefined ? value : mergeValues(under, value))
  }
  return Object.fromEntries(fields)
}
