/**
 * The objects of a YAML or JSON text, each with its own text, whose comments and formatting stay, and with the nodes
 * that say where in it everything stands. Scalars stay what was written (there is no schema), since Kubernetes reads
 * YAML 1.1 and all that is looked for are names. A `List` is what is in it.
 */
import {
  Document,
  LineCounter,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
  type Node,
  type YAMLMap,
} from 'yaml'
import { RegistryError } from '../../core/errors/errors.ts'
import { assertShallowYaml } from '../../core/errors/yaml-nesting.ts'
import { parseExactJson } from '../read/exact-json.ts'
import { resolvePlain } from '../read/go-scalar.ts'
import { asYamlStream } from '../read/yaml-chunks.ts'
import type { ObjectIdentity } from '../read/object-files.ts'

/** The place that an object was read from, for people. */
export type Origin = {
  /** The name of the text, as the caller gave it. */
  readonly source: string
  /** Counted from 1, as people count. */
  readonly document: number
}

export type SourceObject = Origin & {
  readonly identity: ObjectIdentity
  readonly text: string
  /** The offset of `text` in the positions that the nodes' ranges count. */
  readonly offset: number
  readonly format: 'json' | 'yaml'
  readonly document: number
  readonly root: YAMLMap
  /** For its aliases. */
  readonly parsed: Document.Parsed
}

const OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  prettyErrors: false,
  resolveKnownTags: false,
} as const
const KUSTOMIZE = /^kustomize\.config\.k8s\.io\//
/** The limit for one item of a List: aliases within aliases could expand to any number. */
const MAX_ALIASES = 10_000

/** @throws RegistryError `manifest-invalid` for what can't be read, or isn't an object that kubectl can apply. */
export function readObjects(given: string, source: string): readonly SourceObject[] {
  // Files are joined to a stream, and a byte order mark may only begin one.
  const text = asYamlStream(given).replace(/^\ufeff/gm, '')
  assertShallowYaml(text, source)
  const lines = new LineCounter()
  const found: SourceObject[] = []
  const problems: string[] = []
  let end = 0
  for (const [i, parsed] of parseAllDocuments(text, { ...OPTIONS, lineCounter: lines }).entries()) {
    // A comment before the first document belongs to no range.
    const start = end
    end = parsed.range[2]
    const [error] = parsed.errors
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0])
      problems.push(`${source}:${line}:${col}: ${error.message}`)
      continue
    }
    try {
      const objects = objectsOf(parsed, text.slice(start, end), start, { source, document: i + 1 })
      for (const object of objects) found.push(object)
    } catch (broken) {
      if (!(broken instanceof RegistryError)) throw broken
      problems.push(broken.message)
    }
  }
  if (problems.length > 0) throw new RegistryError('manifest-invalid', problems.join('\n'))
  return found
}

/** The type of the items of a typed list, for items that don't have one of their own. */
type ItemType = { readonly apiVersion: string; readonly kind: string }

function objectsOf(
  parsed: Document.Parsed,
  whole: string,
  start: number,
  origin: Origin,
): readonly SourceObject[] {
  const root = parsed.contents
  // Helm leaves documents without anything but comments.
  if (root === null || isNull(root)) return []
  if (!isMap(root)) throw invalid(origin, 'isn’t an object')
  const kind = textAt(root, 'kind')
  const apiVersion = textAt(root, 'apiVersion')
  if (apiVersion === undefined || kind === undefined) throw invalid(origin, 'has no apiVersion and kind')
  const items: unknown = root.get('items', true)
  if (kind.endsWith('List') && isNull(items)) return []
  if (kind.endsWith('List') && isSeq(items)) {
    const type = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) }
    return items.items.flatMap((item) => {
      const text = textOfItem(item, type, parsed, whole, start, origin)
      const [only] = parseAllDocuments(text, OPTIONS)
      return only === undefined ? [] : objectsOf(only, text, 0, origin)
    })
  }
  const identity = identityOf(root, apiVersion, kind, origin)
  const mark = /^---[ \t]*\r?\n/.exec(whole)?.[0].length ?? 0
  const text = whole.slice(mark)
  return [{ ...origin, identity, text, offset: start + mark, format: formatOf(text), root, parsed }]
}

function identityOf(root: YAMLMap, apiVersion: string, kind: string, origin: Origin): ObjectIdentity {
  if (KUSTOMIZE.test(apiVersion)) {
    throw invalid(
      origin,
      `is a ${kind} for Kustomize: let the script print what \`kubectl kustomize\` makes of it`,
    )
  }
  const metadata = root.get('metadata')
  const name = isMap(metadata) ? textAt(metadata, 'name') : undefined
  if (name === undefined || name === '') {
    throw invalid(origin, `${kind} has no metadata.name, without which kubectl can't apply it`)
  }
  assertText(metadata, origin)
  const namespace =
    isMap(metadata) && !isNull(metadata.get('namespace', true)) ? textAt(metadata, 'namespace') : undefined
  return { apiVersion, kind, namespace: namespace === '' ? undefined : namespace, name }
}

/** Nothing else is a name to kubectl, which reads `no` as a boolean. */
function assertText(metadata: unknown, origin: Origin): void {
  for (const field of isMap(metadata) ? ['name', 'namespace'] : []) {
    const node: unknown = isMap(metadata) ? metadata.get(field, true) : undefined
    if (!isScalar(node) || node.type !== 'PLAIN' || node.tag !== undefined || !node.source) continue
    const read = resolvePlain(node.source)
    // Without a name there is no object; without a namespace it is in that of the command line.
    if (typeof read !== 'string' && !(read === null && field === 'namespace'))
      throw invalid(
        origin,
        `metadata.${field}: kubectl reads ${node.source} as ${typeof read === 'boolean' ? `the boolean ${read}` : String(read)}: write "${node.source}"`,
      )
  }
}

/** Writes an item by itself. Its aliases may stand for nodes outside of it. */
function textOfItem(
  item: unknown,
  type: ItemType | undefined,
  parsed: Document.Parsed,
  whole: string,
  start: number,
  origin: Origin,
): string {
  if (!isMap(item) || !item.range) throw invalid(origin, 'has an item that isn’t an object')
  const slice = whole.slice(item.range[0] - start, item.range[1] - start)
  const isBare = type !== undefined && !item.has('apiVersion') && !item.has('kind')
  const json = parseJson(slice)
  if (json !== undefined) {
    const typed = isBare && typeof json === 'object' && json !== null ? { ...type, ...json } : json
    return `${JSON.stringify(typed, null, 2)}\n`
  }
  let aliases = 0
  const copy = new Document(item.clone(), OPTIONS)
  if (isBare && isMap(copy.contents)) {
    copy.contents.items.unshift(
      copy.createPair('apiVersion', type.apiVersion),
      copy.createPair('kind', type.kind),
    )
  }
  visit(copy, {
    Alias(_, alias) {
      const target = alias.resolve(parsed)
      aliases += 1
      if (target === undefined || aliases > MAX_ALIASES)
        throw invalid(origin, `can't resolve *${alias.source}`)
      const value = target.clone()
      if (isScalar(value) || isCollection(value)) delete value.anchor
      return value as Node
    },
  })
  return copy.toString({ lineWidth: 0 })
}

function textAt(map: YAMLMap, key: string): string | undefined {
  const value = map.get(key)
  return typeof value === 'string' ? value : undefined
}

function formatOf(text: string): 'json' | 'yaml' {
  return parseJson(text) === undefined ? 'yaml' : 'json'
}

function parseJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return parseExactJson(text)
  } catch {
    return undefined
  }
}

/** Whether a node is null, or a plain scalar that is null in every version of YAML. */
function isNull(node: unknown): boolean {
  return isScalar(node) && node.type === 'PLAIN' && /^(?:|~|null|Null|NULL)$/.test(node.source ?? '')
}

function invalid({ source, document }: Origin, message: string): RegistryError {
  return new RegistryError('manifest-invalid', `${source}, document ${document}: ${message}`)
}
