/** Values of an entry from a file in YAML or JSON, read as kubectl reads manifests, with the lines of its fields. */
import type { Json } from '../core/json.ts'
import type { Problem } from '../kubernetes/check/problem.ts'
import type { GoValue } from '../kubernetes/read/go-value.ts'
import { readDocuments } from '../kubernetes/read/read-documents.ts'

export type GivenValues =
  | {
      readonly kind: 'values'
      readonly values: Json
      /** `values.yaml:3`: where a field stands, or the nearest around it. */
      readonly placeOf: (path: Problem['path']) => string
    }
  /** Each with its place. */
  | { readonly kind: 'refused'; readonly messages: readonly string[] }

/** A number of which JavaScript would lose digits. */
class LargeNumber extends Error {
  readonly path: Problem['path']

  constructor(path: Problem['path'], message: string) {
    super(message)
    this.path = path
  }
}

/** @param source what the file is called in messages. A file without a document has no values. */
export function readValues(text: string, source: string): GivenValues {
  const documents = readDocuments(text)
  const messages = documents.flatMap(({ problems }) =>
    problems.map(({ line, column, message }) => `${source}:${line}:${column}: ${message}`),
  )
  if (messages.length > 0) return { kind: 'refused', messages }
  const [document, next] = documents.filter(({ value }) => value !== null && value !== undefined)
  const placeOf = (path: Problem['path']) => `${source}:${document?.lineOf(path) ?? 1}`
  if (next !== undefined)
    return { kind: 'refused', messages: [`${source}:${next.lineOf([])}: a second document, expected one`] }
  try {
    return { kind: 'values', values: toJson(document?.value ?? {}, []), placeOf }
  } catch (error) {
    if (!(error instanceof LargeNumber)) throw error
    return { kind: 'refused', messages: [`${placeOf(error.path)}: ${error.message}`] }
  }
}

function toJson(value: GoValue, path: Problem['path']): Json {
  if (typeof value === 'bigint')
    throw new LargeNumber(path, `${value} is larger than 2^53, which loses digits: write it as a string`)
  if (typeof value !== 'object' || value === null) return value
  if (isItems(value)) return value.map((one, index) => toJson(one, [...path, index]))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJson(one, [...path, key])]))
}

function isItems(value: object): value is readonly GoValue[] {
  return Array.isArray(value)
}
