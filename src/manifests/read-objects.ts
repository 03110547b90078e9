/**
 * The objects of a manifest, with the line that each of their fields is on. YAML is read as kubectl reads it: 1.1, where
 * `yes` and `on` are booleans and 0644 is octal.
 */
import { LineCounter, isNode, parseAllDocuments, type Document } from 'yaml'
import { RegistryError } from '../core/errors.ts'
import { isObject, type Json } from '../core/image.ts'
import { assertShallowYaml } from '../core/nesting.ts'
import type { KubernetesObject } from './check-objects.ts'
import { type Path } from './problem.ts'

export type ReadObject = {
  readonly object: KubernetesObject
  /** The file, or what it was called. */
  readonly source: string
  /** Counted from 1; of a field that isn't there, that of the nearest around it. */
  readonly lineOf: (path: Path) => number
}

/** Enough for every alias that people write; more multiply without end. */
const MAX_ALIASES = 1000

/**
 * @param source what to call the text in errors.
 * @throws RegistryError `manifest-invalid` for what is no YAML, or no Kubernetes object, with its line.
 */
export function readObjects(text: string, source: string): readonly ReadObject[] {
  assertShallowYaml(text, source)
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { version: '1.1', lineCounter, prettyErrors: false })
  return [...documents].flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0])
      throw new RegistryError('manifest-invalid', `${source}:${line}:${col}: ${error.message}`)
    }
    const lineAt = (path: Path) => lineIn(document, lineCounter, path)
    const value = valueOf(document, source, lineAt)
    return value === null ? [] : unfold(value, [], source, lineAt)
  })
}

function valueOf(document: Document, source: string, lineAt: (path: Path) => number): Json {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as Json
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RegistryError('manifest-invalid', `${source}:${lineAt([])}: ${message}`, { cause })
  }
}

/** Lists are what they hold, as kubectl has it. */
function unfold(
  value: Json,
  at: Path,
  source: string,
  lineAt: (path: Path) => number,
): readonly ReadObject[] {
  const fail = (expected: string): never => {
    throw new RegistryError('manifest-invalid', `${source}:${lineAt(at)}: expected ${expected}`)
  }
  if (!isObject(value)) return fail('a Kubernetes object')
  const { apiVersion, kind, metadata, items } = value
  if (typeof apiVersion !== 'string' || apiVersion === '') return fail('an object with apiVersion')
  if (typeof kind !== 'string' || kind === '') return fail('an object with kind')
  if (kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((one: Json, i) => unfold(one, [...at, 'items', i], source, lineAt))
  const name = isObject(metadata) ? (metadata['name'] ?? metadata['generateName']) : undefined
  // What Kustomize reads has no name.
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) return []
  if (!isObject(metadata) || typeof name !== 'string') return fail(`metadata.name for kind ${kind}`)
  const object = { ...value, apiVersion, kind, metadata: { ...metadata, name } }
  return [{ object, source, lineOf: (path) => lineAt([...at, ...path]) }]
}

function lineIn(document: Document, lineCounter: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line
  }
  return 1
}
