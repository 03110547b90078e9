/** A problem of a value: its place, what it is, and what it should be. */
import { isObject, type Json } from '../../core/json.ts'

/** Keys and indexes, from the object's root. */
export type Path = readonly (string | number)[]

export type Problem = {
  readonly path: Path
  /** With the path in it, as kubectl writes it: `spec.containers[web].image is 1, expected a string`. */
  readonly message: string
  /** The API server accepts it, but it is hardly meant so. */
  readonly isWarning?: true
  /** The value has the right type: the server refuses it by a rule. */
  readonly isRule?: true
}

/** A path, and how it is written: items of a list by their names, where they have any. */
export type Place = { readonly path: Path; readonly text: string }

export const ROOT: Place = { path: [], text: '' }

const PLAIN_KEY = /^[a-zA-Z_$][a-zA-Z0-9_-]*$/
const MAX_SHOWN = 120

export function field({ path, text }: Place, key: string): Place {
  const step = PLAIN_KEY.test(key) ? key : JSON.stringify(key)
  return { path: [...path, key], text: text === '' ? step : `${text}.${step}` }
}

export function item({ path, text }: Place, index: number, name: string | number): Place {
  return { path: [...path, index], text: `${text}[${name}]` }
}

export function wrong({ path, text }: Place, value: Json, expected: string): readonly Problem[] {
  return [{ path, message: `${text} is ${show(value)}, expected ${expected}` }]
}

export function missing({ path, text }: Place, expected: string): readonly Problem[] {
  return [{ path, message: `${text} is missing, expected ${expected}` }]
}

export function empty({ path, text }: Place, expected: string): readonly Problem[] {
  return [{ path, message: `${text} is empty, expected ${expected}` }]
}

/** Leaves out what rules and warnings say about a value that another problem is about already. */
export function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  const errors = problems.filter(({ isWarning }) => isWarning !== true)
  const withError = new Set(errors.map(({ path }) => JSON.stringify(path)))
  const seen = new Set<string>()
  return problems.filter(({ path, isRule, isWarning }) => {
    const key = JSON.stringify(path)
    if (isWarning === true && withError.has(key)) return false
    const isRepeat = seen.has(key)
    seen.add(key)
    return !isRepeat || (isWarning !== true && isRule !== true)
  })
}

export function show(value: Json): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an attribute set'
  const text = JSON.stringify(value)
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
}
