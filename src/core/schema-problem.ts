/** Words the errors of a JSON Schema: one for each place, in the fields' own terms. */
import { closest, distance } from 'fastest-levenshtein'

export type Problem = {
  /** Keys and indexes that lead there. */
  readonly path: readonly string[]
  readonly message: string
}

/** As typebox reports one. */
export type SchemaError = {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
}

/** Given values longer than this are cut. */
const SHOWN = 80

/** One problem for each place, however many errors its alternatives have. */
export function findProblems(
  schema: object,
  value: unknown,
  errors: readonly SchemaError[],
): readonly Problem[] {
  const problems = new Map<string, Problem>()
  for (const error of errors) {
    for (const problem of toProblems(schema, value, error)) {
      const place = JSON.stringify(problem.path)
      if (!problems.has(place)) problems.set(place, problem)
    }
  }
  return [...problems.values()]
}

function toProblems(root: object, value: unknown, error: SchemaError): readonly Problem[] {
  const place = error.instancePath.split('/').slice(1).map(unescape)
  const { path, expected, properties } = describedAt(root, place)
  const isInside = path.length < place.length
  if (!isInside && error.keyword === 'additionalProperties') {
    return listIn(error.params, 'additionalProperties').map((key) => ({
      path: [...path, key],
      message: `${fieldName([...path, key])} is unknown, ${suggest(key, Object.keys(properties ?? {}))}`,
    }))
  }
  if (!isInside && error.keyword === 'required') {
    return listIn(error.params, 'requiredProperties').map((key) => ({
      path,
      message: `${fieldName([...path, key])} is missing, expected ${describe(get(properties, key), []).expected}`,
    }))
  }
  // What additionalProperties says of the field itself: told by its object already.
  if (error.keyword === 'boolean') return []
  const what = path.length === 0 ? 'it' : fieldName(path)
  return [
    {
      path,
      message: `${what} is ${show(valueAt(value, path))}, expected ${expected}`,
    },
  ]
}

type Described = {
  readonly path: readonly string[]
  /** The value that the schema expects there. */
  readonly expected: string
  /** Schemas of its properties, by name. */
  readonly properties: unknown
}

/** The deepest schema on the way to a place that says what is expected there. */
function describedAt(root: object, place: readonly string[]): Described {
  let found = describe(root, [])
  let schema: unknown = root
  for (const [at, key] of place.entries()) {
    schema =
      get(get(schema, 'properties'), key) ?? anyOf(get(schema, 'patternProperties')) ?? get(schema, 'items')
    if (get(schema, 'description') !== undefined) found = describe(schema, place.slice(0, at + 1))
  }
  return found
}

function describe(schema: unknown, path: readonly string[]): Described {
  const expected = get(schema, 'description')
  return {
    path,
    expected: typeof expected === 'string' ? expected : 'another',
    properties: get(schema, 'properties'),
  }
}

/** A record's values all have one schema. */
function anyOf(schemas: unknown): unknown {
  return Object.values(schemas ?? {})[0]
}

function suggest(key: string, known: readonly string[]): string {
  const nearest = closest(key, known)
  return isNear(key, nearest) ? `did you mean ${nearest}?` : `expected one of ${known.join(', ')}`
}

/** Half of it may be wrong. */
function isNear(key: string, other: string): boolean {
  return distance(key.toLowerCase(), other.toLowerCase()) <= Math.max(1, Math.floor(key.length / 2))
}

/** `apps.web.ports."a.b"`, as it would be written in Nix. */
function fieldName(path: readonly string[]): string {
  return path.map((step) => (/^[\w-]+$/.test(step) ? step : JSON.stringify(step))).join('.')
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce(get, value)
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(key) : undefined
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

function listIn(params: object, key: string): readonly string[] {
  const list = get(params, key)
  return Array.isArray(list) ? list.map(String) : []
}

/** RFC 6901. */
function unescape(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
