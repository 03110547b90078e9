/** How deep a YAML text is nested: see nesting.ts, which is apart since the server reads no YAML by itself. */
import { Lexer } from 'yaml'
import { RegistryError } from './errors.ts'
import { MAX_DEPTH, TOO_DEEP } from './nesting.ts'

/** Tokens of the YAML lexer that begin a list or map in block style: one within the other where they stand together. */
const INDICATORS: readonly string[] = ['-', '?', ':']

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
