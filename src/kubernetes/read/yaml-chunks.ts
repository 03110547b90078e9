/**
 * The documents of a text, separated as kubectl separates them before it parses any (apimachinery's YAMLOrJSONDecoder):
 * a stream of JSON objects while they are JSON, and else YAML at each line that begins with three hyphens.
 */
export type YamlChunk = {
  /** Its position in the whole text. */
  readonly offset: number
  readonly text: string
  readonly format: 'json' | 'yaml'
  /** Why kubectl refuses the separator before it. */
  readonly refusal?: string
}

const SEPARATOR = '---'

/** @returns the documents in their order; what is between two separators counts, though it were empty. */
export function manifestChunks(text: string): readonly YamlChunk[] {
  const chunks: YamlChunk[] = []
  let at = 0
  if (/^[^\S\ufeff]*\{/.test(text)) {
    for (;;) {
      const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0)
      const end = text[start] === '{' ? jsonEnd(text, start) : undefined
      const slice = end === undefined ? undefined : text.slice(start, end)
      if (slice === undefined || end === undefined || !isJson(slice)) break
      chunks.push({ offset: start, text: slice, format: 'json' })
      at = end
    }
    if (text.slice(at).trim() === '') return chunks
    // Behind two of them, kubectl expects no YAML any more.
    if (chunks.length > 1) {
      const refusal = 'kubectl expects only JSON behind several objects of JSON'
      return [...chunks, { offset: at, text: text.slice(at), format: 'yaml', refusal }]
    }
    // What is behind the first line's end is YAML, as separators are.
    if (chunks.length > 0) at += /^[^\S\n]*\n?/.exec(text.slice(at))?.[0].length ?? 0
  }
  return [...chunks, ...yamlChunks(text, at)]
}

/** The same documents as a stream of YAML: those of a stream of JSON with separators between them. */
export function asYamlStream(text: string): string {
  const chunks = manifestChunks(text)
  const isStream = chunks.length > 1 && chunks.some(({ format }) => format === 'json')
  return isStream ? chunks.map((chunk) => chunk.text).join('\n---\n') : text
}

function* yamlChunks(text: string, from: number): Generator<YamlChunk> {
  let start = from
  let refusal: string | undefined
  const chunk = (end: number): YamlChunk => ({
    offset: start,
    text: text.slice(start, end),
    format: 'yaml',
    ...(refusal === undefined ? {} : { refusal }),
  })
  for (let line = from; line < text.length;) {
    const newline = text.indexOf('\n', line)
    const next = newline === -1 ? text.length : newline + 1
    if (text.startsWith(SEPARATOR, line)) {
      if (line > start || refusal !== undefined) yield chunk(line)
      const behind = text.slice(line + SEPARATOR.length, next).trim()
      refusal =
        behind === '' || behind.startsWith('#')
          ? undefined
          : 'kubectl takes nothing but a comment behind --- on its line: begin the document on the next'
      start = refusal === undefined ? next : line
    }
    line = next
  }
  yield chunk(text.length)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Behind the bracket that closes the one at `start`, or nothing where there is none. */
function jsonEnd(text: string, start: number): number | undefined {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (character === '"') {
      for (i += 1; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i += 1
    } else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') {
      depth -= 1
      if (depth === 0) return i + 1
    }
  }
  return undefined
}
