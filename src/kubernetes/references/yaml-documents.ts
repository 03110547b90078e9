/**
 * The documents of a Kubernetes file, YAML or JSON, as plain values. Every scalar of YAML stays the text that was
 * written, since all that is looked for are names, and a tag `1.10` is no number. Aliases share the value they
 * stand for, so a file takes no more room than it has characters, however often its aliases multiply.
 */
import {
  Composer,
  LineCounter,
  Parser,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Document,
  type ParsedNode,
} from 'yaml'
import { RegistryError } from '../../core/errors/errors.ts'
import { MAX_DEPTH, TOO_DEEP, jsonExcess } from '../../core/errors/nesting.ts'
import { assertShallowYaml } from '../../core/errors/yaml-nesting.ts'

/** As JSON has it; a value may be the part of several. */
export type YamlValue =
  string | number | boolean | null | readonly YamlValue[] | { readonly [key: string]: YamlValue }

/**
 * @param source what to call the text in errors, such as its file's name.
 * @param options.skipBroken whether to leave out broken documents, of which somebody else tells.
 * @throws RegistryError `manifest-invalid` with source, line and column where the text is broken.
 */
export function parseDocuments(
  text: string,
  source: string,
  { skipBroken = false }: { readonly skipBroken?: boolean } = {},
): readonly YamlValue[] {
  return parseJson(text) ?? parseYaml(text, source, skipBroken)
}

/** JSON is YAML too, and this is fifty times as fast. What is broken is for the other parser to explain. */
function parseJson(text: string): readonly YamlValue[] | undefined {
  if (!/^\s*[[{]/.test(text) || jsonExcess(text, Infinity) !== undefined) return undefined
  try {
    return [JSON.parse(text) as YamlValue]
  } catch {
    return undefined
  }
}

function parseYaml(text: string, source: string, skipBroken: boolean): readonly YamlValue[] {
  assertShallowYaml(text, source)
  const lines = new LineCounter()
  const fail = (message: string, offset: number): never => {
    const { line, col } = lines.linePos(offset)
    throw new RegistryError('manifest-invalid', `${source}:${line}:${col}: ${message}`, {
      detail: { source, line, column: col },
    })
  }
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false })
  const values: YamlValue[] = []
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) {
    const [error] = document.errors
    try {
      if (error !== undefined) {
        fail(error.code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : error.message, error.pos[0])
      }
      values.push(valueOf(document, fail))
    } catch (broken) {
      if (!skipBroken) throw broken
      values.push(null)
    }
  }
  return values
}

function valueOf(document: Document.Parsed, fail: (message: string, offset: number) => never): YamlValue {
  const anchored = new Map<string, YamlValue>()
  const convert = (node: ParsedNode | null, depth: number): YamlValue => {
    if (node === null) return null
    if (depth > MAX_DEPTH) fail(TOO_DEEP, node.range[0])
    if (isAlias(node)) {
      const value = anchored.get(node.source)
      return value === undefined ? fail(`no anchor before this alias: ${node.source}`, node.range[0]) : value
    }
    // Known before it is filled: what is in it may refer to it.
    const know = <T extends YamlValue>(value: T): T => {
      if (node.anchor !== undefined) anchored.set(node.anchor, value)
      return value
    }
    if (isScalar(node)) return know(typeof node.value === 'string' ? node.value : null)
    if (isSeq(node)) {
      const list = know<YamlValue[]>([])
      for (const item of node.items) list.push(convert(item, depth + 1))
      return list
    }
    if (!isMap(node)) return null
    // Without a prototype, so that any key is only a key.
    const map = know<Record<string, YamlValue>>(Object.create(null) as Record<string, YamlValue>)
    for (const [i, { key, value }] of node.items.entries()) {
      const name = convert(key, depth + 1)
      // A key that is a list or map has no name; what it holds may be too large for one.
      map[typeof name === 'string' ? name : `?${i}`] = convert(value, depth + 1)
    }
    return map
  }
  return convert(document.contents, 0)
}
