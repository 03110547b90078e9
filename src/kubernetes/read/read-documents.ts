/**
 * The documents of a manifest as kubectl reads them, each by itself: one that is broken hides no other. Values keep
 * their places in the text.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, parseAllDocuments, LineCounter, type Document } from 'yaml'
import { TOO_DEEP } from '../../core/errors/nesting.ts'
import { yamlTooDeepAt } from '../../core/errors/yaml-nesting.ts'
import { isMergeKey, keyText } from './go-node.ts'
import { goValue, type GoValue } from './go-value.ts'
import { manifestChunks, type YamlChunk } from './yaml-chunks.ts'
import type { Path } from '../check/problem.ts'

export type ReadDocument = {
  /** Null for a document without anything in it; undefined where kubectl refuses it. */
  readonly value: GoValue | undefined
  /** The verdict of kubectl. `doubtful`: it may refuse something behind the value, or not see it. */
  readonly verdict: 'taken' | 'doubtful' | 'refused'
  readonly problems: readonly DocumentProblem[]
  /** Line of the value there; of what isn't there, that of the nearest around it. */
  readonly lineOf: (path: Path) => number
  /** The text of a plain scalar there. */
  readonly writtenAt: (path: Path) => string | undefined
}

type DocumentProblem = { readonly line: number; readonly column: number; readonly message: string }

/** Without a schema: scalars are resolved by `goValue`. */
const OPTIONS = {
  version: '1.1',
  schema: 'failsafe',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
  resolveKnownTags: false,
  merge: false,
} as const

/** Characters that no YAML has; libyaml stops there. */
const FORBIDDEN = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

const DIRECTIVE = /^\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n)*%/

/** Escapes of JSON that libyaml doesn't take in double quotes: of a slash, and of halves of characters. */
const JSON_ESCAPE = /(?<!\\)(?:\\\\)*\\(?:\/|u[dD][89a-fA-F])/

/** Errors of this parser that libyaml doesn't have. */
const HARMLESS = /^Comments must be separated from other tokens by white space characters/

/** Errors behind a value, where Go often doesn't look. */
const BEHIND = /^Unexpected \S+ (?:at node end|token in YAML stream)/

export function readDocuments(text: string): readonly ReadDocument[] {
  let line = 1
  let at = 0
  return manifestChunks(text).map((chunk) => {
    for (; at < chunk.offset; at++) if (text[at] === '\n') line += 1
    return readDocument(chunk, line)
  })
}

function readDocument(chunk: YamlChunk, firstLine: number): ReadDocument {
  const { text } = chunk
  const lines = new LineCounter()
  const problemAt = (offset: number, message: string): DocumentProblem => {
    const { line, column } = placeIn(text, offset)
    return { line: firstLine - 1 + line, column, message }
  }
  const refused = (problems: readonly DocumentProblem[]): ReadDocument => ({
    value: undefined,
    verdict: 'refused',
    problems,
    lineOf: () => firstLine,
    writtenAt: () => undefined,
  })
  const forbidden = chunk.format === 'yaml' ? forbiddenAt(text) : undefined
  if (forbidden !== undefined) {
    const code = (text.codePointAt(forbidden) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    return refused([
      problemAt(forbidden, `the character U+${code} can’t be in YAML: escape it, in double quotes`),
    ])
  }
  const deep = yamlTooDeepAt(text)
  if (deep !== undefined) return refused([problemAt(deep, TOO_DEEP)])
  const directive = chunk.format === 'yaml' ? DIRECTIVE.exec(text)?.[0].length : undefined
  if (directive !== undefined) {
    const message = 'kubectl takes no directives: it ends a document at each line that begins with ---'
    return refused([problemAt(directive - 1, message)])
  }
  const [document, next] = parseAllDocuments(withPlainBreaks(text), {
    ...OPTIONS,
    lineCounter: lines,
  }) as readonly Document.Parsed[]
  const lineOf = (offset: number) => firstLine - 1 + lines.linePos(offset).line
  const separator = chunk.refusal === undefined ? [] : [problemAt(0, chunk.refusal)]
  if (document === undefined) {
    return { ...refused(separator), value: null, verdict: separator.length > 0 ? 'refused' : 'taken' }
  }
  const error = document.errors.find(({ message }) => !HARMLESS.test(message))
  const isBehind = error !== undefined && BEHIND.test(error.message)
  if (error !== undefined && !isBehind) return refused([...separator, problemAt(error.pos[0], error.message)])
  const escapeChecked =
    chunk.format === 'yaml' && JSON_ESCAPE.test(text)
      ? (start: number, end: number) => JSON_ESCAPE.test(text.slice(start, end))
      : undefined
  const { value, problems } = goValue(document, escapeChecked)
  const hidden = isBehind
    ? [problemAt(error.pos[0], `kubectl ignores or refuses what begins here: ${error.message}`)]
    : next === undefined ||
        (isScalar(next.contents) && next.contents.value === '' && next.errors.length === 0)
      ? []
      : [problemAt(document.range[2], 'kubectl ignores what is behind `...`: separate documents by `---`')]
  return {
    value,
    verdict: value === undefined || separator.length > 0 ? 'refused' : isBehind ? 'doubtful' : 'taken',
    problems: [
      ...separator,
      ...problems.map(({ offset, message }) => ({
        line: lineOf(offset),
        column: lines.linePos(offset).col,
        message,
      })),
      ...hidden,
    ],
    lineOf: (path) => lineOf(nodeAt(document, path).offset),
    writtenAt(path) {
      const { node, isWhole } = nodeAt(document, path)
      return isWhole && isScalar(node) && node.type === 'PLAIN' ? node.source : undefined
    },
  }
}

/** Line breaks of YAML 1.1, as many characters as before. */
function withPlainBreaks(text: string): string {
  return /\r(?!\n)|\u0085/.test(text) ? text.replace(/\r(?!\n)|\u0085/g, '\n') : text
}

function forbiddenAt(text: string): number | undefined {
  const found = text.search(FORBIDDEN)
  return found === -1 ? undefined : found
}

function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** The node at a path, or the nearest around it. */
function nodeAt(document: Document, path: Path): { node: unknown; offset: number; isWhole: boolean } {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    const next = childOf(document, node, step)
    if (!isNode(next) || !next.range) return { node, offset, isWhole: false }
    node = next
    offset = next.range[0]
  }
  return { node: isAlias(node) ? node.resolve(document) : node, offset, isWhole: true }
}

function childOf(document: Document, node: unknown, step: string | number): unknown {
  const target = isAlias(node) ? node.resolve(document) : node
  if (isSeq(target)) return target.items[Number(step)]
  if (!isMap(target)) return undefined
  const name = String(step)
  for (const { key, value } of target.items.toReversed()) {
    if (!isMergeKey(key)) {
      if (keyText(key, document) === name) return value
      continue
    }
    for (const merged of isSeq(value) ? value.items : [value]) {
      const found = childOf(document, merged, step)
      if (found !== undefined) return found
    }
  }
  return undefined
}
