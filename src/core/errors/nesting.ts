/**
 * How deep a text is nested, and how much is in it, found before a parser sees it: parsers take memory for every
 * bracket that is open, so four million of them exhaust a machine. Each function reads its text once.
 */
import { Lexer } from 'yaml'
import { RegistryError } from './errors.ts'

/** Kubernetes' own schemas are some dozens deep; deeper files are made to exhaust a stack. */
export const MAX_DEPTH = 500
export const TOO_DEEP = 'nested too deeply'

/** Tokens of the YAML lexer that begin a list or map in block style: one within the other where they stand together. */
const INDICATORS: readonly string[] = ['-', '?', ':']

export type JsonExcess = 'depth' | 'values'

/**
 * Whether a JSON text is nested deeper than MAX_DEPTH, or has more values than `maxValues`.
 * @returns nothing for a text within both limits; anything for what isn't JSON.
 */
export function jsonExcess(text: string, maxValues: number): JsonExcess | undefined {
  let depth = 0
  // Each value but the first is behind a bracket or a comma.
  let values = 1
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = stringEnd(text, i)
    else if (character === '[' || character === '{') {
      depth += 1
      values += 1
    } else if (character === ']' || character === '}') depth -= 1
    else if (character === ',') values += 1
    if (depth > MAX_DEPTH) return 'depth'
    if (values > maxValues) return 'values'
  }
  return undefined
}

/**
 * @param source what to call the text in errors.
 * @throws RegistryError `manifest-invalid` with source, line and column where a YAML text is nested too deeply.
 */
export function assertShallowYaml(text: string, source: string): void {
  const offset = yamlTooDeepAt(text)
  if (offset === undefined) return
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  throw new RegistryError('manifest-invalid', `${source}:${line}:${column}: ${TOO_DEEP}`, {
    detail: { source, line, column },
  })
}

/** @returns the offset where a YAML text is nested deeper than MAX_DEPTH by brackets, or by indicators on one line. */
export function yamlTooDeepAt(text: string): number | undefined {
  // Three hyphens at the start of a line close every open bracket.
  for (let start = 0; start < text.length;) {
    const next = text.indexOf('\n---', start)
    const end = next === -1 ? text.length : next + 1
    const found = mayBeDeep(text, start, end) ? deepTokenAt(text.slice(start, end)) : undefined
    if (found !== undefined) return start + found
    start = end
  }
  return undefined
}

/**
 * Cheap, and enough for most documents. Block style without indicators is nested by blanks, at a line for each level.
 */
function mayBeDeep(text: string, start: number, end: number): boolean {
  let brackets = 0
  let indicators = 0
  for (let i = start; i < end; i++) {
    const character = text[i]
    if (character === '[' || character === '{') brackets += 1
    else if (character === '-' || character === '?' || character === ':') indicators += 1
    else if (character === '\n') indicators = 0
    if (brackets + indicators > MAX_DEPTH) return true
  }
  return false
}

function deepTokenAt(document: string): number | undefined {
  let offset = 0
  let brackets = 0
  let indicators = 0
  // A colon behind a key begins nothing that its key hasn't begun.
  let isBehindKey = false
  for (const token of new Lexer().lex(document)) {
    if (token === '[' || token === '{') brackets += 1
    else if ((token === ']' || token === '}') && brackets > 0) brackets -= 1
    const isIndicator = INDICATORS.includes(token)
    if (isIndicator) indicators += isBehindKey ? 0 : 1
    else if (isText(token)) indicators = 0
    if (brackets + indicators > MAX_DEPTH) return offset
    if (!isSpace(token)) isBehindKey = isText(token) && !isIndicator && !isLineEnd(token)
    // Marks stand for no text.
    if (!isMark(token)) offset += token.length
  }
  return undefined
}

/** A scalar, a property, or the end of a line. */
function isText(token: string): boolean {
  return !isSpace(token) && !'[]{},'.includes(token)
}

function isSpace(token: string): boolean {
  return token[0] === ' ' || token[0] === '\t' || isMark(token)
}

function isLineEnd(token: string): boolean {
  return token === '\n' || token === '\r\n'
}

/** Signs of the lexer between tokens: a byte order mark, the start of a document, the start of a scalar. */
function isMark(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f'
}

/** The offset of the quote that ends the string that begins at `start`, or that of the text's end. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') i += 1
    else if (character === '"') return i
  }
  return text.length
}
