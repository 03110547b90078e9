/** Reads fields of JSON that another program wrote, where each may be missing or of another type. */
import { isList, isObject, type Json } from './json.ts'

/** The value below these names, one within the other. */
export function fieldAt(value: Json | undefined, ...names: readonly string[]): Json | undefined {
  let found = value
  for (const name of names) found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined
  return found
}

/** The text below these names. */
export function textAt(value: Json | undefined, ...names: readonly string[]): string | undefined {
  const found = fieldAt(value, ...names)
  return typeof found === 'string' ? found : undefined
}

/** The list below these names; empty for anything else. */
export function listAt(value: Json | undefined, ...names: readonly string[]): readonly Json[] {
  const found = fieldAt(value, ...names)
  return found !== undefined && isList(found) ? found : []
}

/** The texts of the list below these names. */
export function textsAt(value: Json | undefined, ...names: readonly string[]): readonly string[] {
  return listAt(value, ...names).filter((one) => typeof one === 'string')
}
