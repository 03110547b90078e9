/**
 * Patterns of fields that are ignored: JSON pointers in which `*` is any field or item, and `[name=web]` is the item of
 * a list with this field. They are followed step by step beside an object, so that nothing is expanded.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import { textAt } from '../../core/json-fields.ts'
import { isList, isObject, type Json } from '../../core/json.ts'
import { unescapePointer } from './field-path.ts'

type Segment =
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'item'; readonly fields: readonly (readonly [string, string])[] }

/** The rest of a pattern. It is empty where the pattern is fulfilled. */
export type IgnorePattern = readonly Segment[]

/** One step beside an object: a field, or an item with its index. */
export type Visited =
  { readonly name: string } | { readonly index: number | undefined; readonly item: Json | undefined }

const ITEM = /\[([^\]]*)\]/g

/** @throws RegistryError `manifest-invalid` for text that is no pointer. */
export function parseIgnorePattern(text: string): IgnorePattern {
  if (!text.startsWith('/') || text === '/')
    throw new RegistryError(
      'manifest-invalid',
      `${text} is no JSON pointer: expected /spec/replicas or the like`,
    )
  return text.slice(1).split('/').flatMap(segmentsOf)
}

/** Splits a list such as `/spec/replicas, /data/*`. A comma within brackets separates nothing. */
export function splitPatterns(text: string): readonly string[] {
  return text
    .split(/,(?=\s*\/)|,\s*$/)
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** The patterns that go on behind this step. */
export function follow(patterns: readonly IgnorePattern[], visited: Visited): readonly IgnorePattern[] {
  if (patterns.length === 0) return patterns
  return patterns.flatMap(([head, ...rest]) => (head !== undefined && matches(head, visited) ? [rest] : []))
}

/** Whether a pattern is fulfilled here, so that this and all below is ignored. */
export function isIgnored(patterns: readonly IgnorePattern[]): boolean {
  return patterns.some((pattern) => pattern.length === 0)
}

/** Maps of names and texts, where an empty one is the same as none. */
const TEXT_MAPS = new Set(['labels', 'annotations', 'data', 'binaryData', 'stringData'])

export function isTextMap(name: string): boolean {
  return TEXT_MAPS.has(name)
}

/** Returns a value without what the patterns match. A map of texts that becomes empty goes with its last text. */
export function strip(value: Json, patterns: readonly IgnorePattern[]): Json {
  if (patterns.length === 0) return value
  if (isList(value))
    return value.flatMap((item, index) => {
      const below = follow(patterns, { index, item })
      return isIgnored(below) ? [] : [strip(item, below)]
    })
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => {
      const below = follow(patterns, { name })
      if (isIgnored(below)) return []
      const kept = strip(child, below)
      return isTextMap(name) && isEmpty(kept) && !isEmpty(child) ? [] : [[name, kept]]
    }),
  )
}

export function isEmpty(value: Json): boolean {
  return isObject(value) && Object.keys(value).length === 0
}

function segmentsOf(part: string): readonly Segment[] {
  const name = unescapePointer(part.replaceAll(ITEM, ''))
  const items = Array.from(part.matchAll(ITEM), ([, inside = '']): Segment => {
    if (inside === '*') return { kind: 'any' }
    const fields = inside.split(',').map((pair): readonly [string, string] => {
      const at = pair.indexOf('=')
      if (at === -1)
        throw new RegistryError(
          'manifest-invalid',
          `[${inside}] names no item: expected [name=web] or the like`,
        )
      return [pair.slice(0, at), pair.slice(at + 1)]
    })
    return { kind: 'item', fields }
  })
  return name === '*' ? [{ kind: 'any' }, ...items] : [{ kind: 'name', name }, ...items]
}

function matches(segment: Segment, visited: Visited): boolean {
  switch (segment.kind) {
    case 'any':
      return true
    case 'name':
      return 'name' in visited ? segment.name === visited.name : segment.name === String(visited.index)
    case 'item':
      return (
        'item' in visited && segment.fields.every(([name, text]) => fieldText(visited.item, name) === text)
      )
  }
}

/** An item without a name, as in a set of texts, is `[=text]`. */
function fieldText(item: Json | undefined, name: string): string | undefined {
  const value = name === '' ? item : isObject(item) ? item[name] : undefined
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value : textAt(value)
}
