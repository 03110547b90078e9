/**
 * HTML and SVG that was escaped where it was put together. Texts become part of a page by the tag `markup` alone, so
 * a name with `<script>` in it is shown as a name everywhere. In templates, values of attributes stand in quotes.
 */
const TEXT: unique symbol = Symbol('text')

/** Escaped text. Only this file makes it. */
export type Markup = { readonly [TEXT]: string }

/** A value in a template: texts are escaped, lists are joined, and `undefined` is nothing. */
export type Part = Markup | string | number | undefined | readonly Part[]

export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? ''
  for (const [at, part] of parts.entries()) text += textOf(part) + (strings[at + 1] ?? '')
  return { [TEXT]: text }
}

/** The bytes of a page. */
export function markupBytes(page: Markup): Buffer {
  return Buffer.from(page[TEXT])
}

/** @returns the start of a text with a sign that it was cut, so that one name can't fill a page. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function textOf(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escape(part)
  if (typeof part === 'number') return String(part)
  if (TEXT in part) return part[TEXT]
  return part.map(textOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Control characters, and those that turn the direction of the text around them (Unicode, UAX 9), could make a name
 * look like another one.
 */
const MISLEADING = /[[\p{Cc}--[\t\n\r]]\u200e\u200f\u202a-\u202e\u2066-\u2069]/gv

function escape(text: string): string {
  return text
    .replaceAll(MISLEADING, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
