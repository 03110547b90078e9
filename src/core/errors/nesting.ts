/**
 * How deep a text is nested, and how much is in it, found before a parser sees it: parsers take memory for every
 * bracket that is open, so four million of them exhaust a machine. Each function reads its text once.
 */

/** Kubernetes' own schemas are some dozens deep; deeper files are made to exhaust a stack. */
export const MAX_DEPTH = 500
export const TOO_DEEP = 'nested too deeply'

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

/** The offset of the quote that ends the string that begins at `start`, or that of the text's end. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') i += 1
    else if (character === '"') return i
  }
  return text.length
}
