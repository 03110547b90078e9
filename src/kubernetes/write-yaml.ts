/**
 * YAML in block style, as people write manifests, that readers of YAML 1.1, of YAML 1.2 and kubectl read alike. A
 * string stands without quotes only where no reader takes it for something else, as manifests/output/yaml.nix has it;
 * text of several lines is a block where it has nothing but ordinary characters; all others stand as JSON has them.
 */
import { isList } from '../core/json.ts'

export type Writable =
  string | number | boolean | null | undefined | readonly Writable[] | { readonly [key: string]: Writable }

/** A letter or slash first, so that it is no number, date or indicator; before it the hyphens of an option. */
const PLAIN = /^(?:--?)?[A-Za-z/](?:[A-Za-z0-9_./:@+=-]*[A-Za-z0-9_/])?$/
/** The words of YAML 1.1, and what its grammar has among numbers. */
const WORD = /^-*(?:y|n|yes|no|on|off|true|false|null|nan|inf|e[-+]?[0-9]+)$/i
/** A number with a unit that no YAML has; the name of a file that begins with its place in an order. */
const NUMBERED = /^(?:[0-9]+(?:\.[0-9]+)?(?:[KMGTPE]i|m)|[0-9]{1,3}-[a-z][a-z0-9.-]*[a-z0-9])$/
const MAX_PLAIN = 256

/** Printable characters, and line feeds. */
const ORDINARY = /^[\n -~\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/

/**
 * Characters that JSON takes as they are and some reader of YAML doesn't: DEL and C1, its line breaks, the byte order
 * mark.
 */
const ESCAPED = /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g

/** @returns text with a line feed at its end. */
export function writeYaml(value: Writable): string {
  return `${(isBlock(value) ? linesOf(value) : [scalar(value)]).join('\n')}\n`
}

function linesOf(value: Writable): readonly string[] {
  if (isList(value)) return value.flatMap(item)
  if (typeof value !== 'object' || value === null) return [scalar(value)]
  return Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : field(scalar(key), one)))
}

function field(key: string, value: Writable): readonly string[] {
  if (isBlock(value)) return [`${key}:`, ...linesOf(value).map(indented)]
  const [first = '', ...rest] = scalarLines(value)
  return [`${key}: ${first}`, ...rest.map(indented)]
}

function item(value: Writable): readonly string[] {
  const [first = '', ...rest] = isBlock(value) ? linesOf(value) : scalarLines(value)
  return [`- ${first}`, ...rest.map(indented)]
}

function scalarLines(value: Writable): readonly string[] {
  if (typeof value !== 'string' || !isTextBlock(value)) return [scalar(value)]
  return ['|', ...value.slice(0, -1).split('\n')]
}

/** Begins with text, ends with one line feed, and no line ends with a blank. */
function isTextBlock(text: string): boolean {
  return ORDINARY.test(text) && /^[^ \n]/.test(text) && /[^ \n]\n$/.test(text) && !text.includes(' \n')
}

function scalar(value: Writable): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null)
  if (value.length <= MAX_PLAIN && (NUMBERED.test(value) || (PLAIN.test(value) && !WORD.test(value))))
    return value
  return JSON.stringify(value).replace(ESCAPED, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function isBlock(value: Writable): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function indented(line: string): string {
  return line === '' ? '' : `  ${line}`
}
