/**
 * Places in an object. A step is a field, or an item of a list, which server-side apply names by the item's keys. Three
 * forms of a path are needed: steps for comparing, a JSON pointer (RFC 6901) for programs, and a readable one for
 * people: `/spec/containers[name=web]/image`.
 */
import { isList, isObject, type Json } from '../../core/json.ts'

export type Step =
  | { readonly kind: 'field'; readonly name: string }
  /** An item of a list whose items have keys. */
  | { readonly kind: 'item'; readonly keys: { readonly [name: string]: Json } }
  /** An item of a list without doubles, such as a finalizer. */
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'index'; readonly index: number }

export type FieldPath = readonly Step[]

/** A value, with its index where it is an item of a list. */
export type Entered = { readonly value: Json; readonly index?: number }

/**
 * Enters a value by one step. An item may miss some of the keys, such as the `protocol` of a port, which has a default.
 * @returns nothing where there is no such field or item.
 */
export function enter(value: Json | undefined, step: Step): Entered | undefined {
  if (value === undefined) return undefined
  if (step.kind === 'field') {
    if (!isObject(value) || !Object.hasOwn(value, step.name)) return undefined
    const found = value[step.name]
    return found === undefined ? undefined : { value: found }
  }
  if (!isList(value)) return undefined
  const index = step.kind === 'index' ? step.index : indexOf(value, step)
  const item = value[index]
  return item === undefined ? undefined : { value: item, index }
}

/** Returns the pointer of a path. Items are found in the object, and those that it doesn't have are `-`, its end. */
export function pointerOf(path: FieldPath, object: Json): string {
  let pointer = ''
  let value: Json | undefined = object
  for (const step of path) {
    const entered = enter(value, step)
    value = entered?.value
    pointer += `/${step.kind === 'field' ? escapePointer(step.name) : (entered?.index ?? '-')}`
  }
  return pointer
}

export function readablePath(path: FieldPath): string {
  return path.map(readableStep).join('')
}

export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

export function unescapePointer(text: string): string {
  return text.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Whether both are the same JSON; the order of fields doesn't count. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true
  if (one === undefined || other === undefined) return false
  if (isList(one) && isList(other))
    return one.length === other.length && one.every((item, i) => isSame(item, other[i]))
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}

function indexOf(items: readonly Json[], step: Exclude<Step, { kind: 'field' | 'index' }>): number {
  if (step.kind === 'value') return items.findIndex((item) => isSame(item, step.value))
  const keys = Object.entries(step.keys)
  const isExact = (item: Json) => isObject(item) && keys.every(([name, value]) => isSame(item[name], value))
  const isPartial = (item: Json) =>
    isObject(item) &&
    keys.some(([name, value]) => isSame(item[name], value)) &&
    keys.every(([name, value]) => item[name] === undefined || isSame(item[name], value))
  const exact = items.findIndex(isExact)
  return exact === -1 ? items.findIndex(isPartial) : exact
}

function readableStep(step: Step): string {
  switch (step.kind) {
    case 'field':
      return `/${escapePointer(step.name)}`
    case 'item':
      return `[${Object.entries(step.keys)
        .map(([name, value]) => `${name}=${keyText(value)}`)
        .join(',')}]`
    case 'value':
      return `[=${keyText(step.value)}]`
    case 'index':
      return `/${step.index}`
  }
}

function keyText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
