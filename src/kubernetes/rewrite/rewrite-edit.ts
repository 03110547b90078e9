/** Changes of an object's text, which leave everything around them as it was written. */
import { isAlias, type Node } from 'yaml'
import type { SourceObject } from './rewrite-documents.ts'

/** Text to stand in place of what is there; positions count from the object's own text. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string }

/** Another text in place of a whole scalar, in the quotes that stand there; references need none. */
export function editOf(node: Node, text: string, { text: whole, offset }: SourceObject): Edit {
  const [from, to] = node.range ?? [0, 0]
  const start = from - offset
  const end = to - offset
  const old = whole.slice(start, end)
  const quote = old.startsWith('"') || old.startsWith("'") ? old.slice(0, 1) : ''
  // Block scalars end with their line.
  return { start, end, text: `${quote}${text}${quote}${/^[|>]/.test(old) && old.endsWith('\n') ? '\n' : ''}` }
}

/**
 * Another text in place of a part of a scalar. The part is looked for in the scalar as it is written, which may have
 * escapes and line breaks that its value doesn't have.
 * @param part where it stands in the value.
 * @returns undefined where the part isn't written as it is.
 */
export function editWithin(
  node: Node,
  value: string,
  part: { readonly start: number; readonly end: number },
  text: string,
  object: SourceObject,
): readonly Edit[] | undefined {
  const old = value.slice(part.start, part.end)
  if (old === value.trim()) return [editOf(node, text, object)]
  if (isAlias(node)) {
    const whole = `${value.slice(0, part.start)}${text}${value.slice(part.end)}`
    return [{ ...editOf(node, '', object), text: JSON.stringify(whole) }]
  }
  const [from, to] = node.range ?? [0, 0]
  const written = placesOf(old, object.text.slice(from - object.offset, to - object.offset))
  const places = placesOf(old, value)
  const place = written[places.indexOf(part.start)]
  if (place === undefined || written.length !== places.length) return undefined
  const start = from - object.offset + place
  return [{ start, end: start + old.length, text }]
}

/** The object's text with all of them in it. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  result += text.slice(at)
  return result.endsWith('\n') ? result : `${result}\n`
}

function placesOf(part: string, text: string): readonly number[] {
  const places: number[] = []
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) places.push(at)
  return places
}
