/**
 * Values as they may be printed. Those of Secrets are never shown, in part or as a hash: a hash of a short password
 * tells it to anyone who tries a dictionary. That two of them differ is what a difference says anyway.
 */
import { isObject, type Json } from '../../core/json.ts'
import type { FieldPath } from './field-path.ts'
import { LAST_APPLIED } from './human-managers.ts'

const HIDDEN = '***'
const MAX_LENGTH = 200
const SECRET_FIELDS = new Set(['data', 'stringData'])

/**
 * Returns a value as one line of JSON that is safe to print, cut where it is long.
 * @param kind of the object, such as `Secret`.
 */
export function printableValue(kind: string, path: FieldPath, value: Json | undefined): string {
  if (value === undefined) return ''
  const text = JSON.stringify(isSecret(kind, path) ? hidden(value) : value)
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 3)}...`
}

/** Whether the field of an object is kept secret. */
function isSecret(kind: string, path: FieldPath): boolean {
  if (kind !== 'Secret') return false
  const names = path.map((step) => (step.kind === 'field' ? step.name : ''))
  const [first = '', second = '', third] = names
  if (SECRET_FIELDS.has(first)) return true
  // The last applied configuration repeats the whole Secret.
  return first === 'metadata' && second === 'annotations' && (third === undefined || third === LAST_APPLIED)
}

/** The keys of a map may be seen. */
function hidden(value: Json): Json {
  return isObject(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, HIDDEN])) : HIDDEN
}
