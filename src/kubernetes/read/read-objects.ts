/**
 * The objects of a manifest, with the line that each of their fields is on. They are read as kubectl reads them, and a
 * problem of one document is no reason to leave out the others.
 */
import { isObject, type Json } from '../../core/json.ts'
import type { KubernetesObject } from '../check/check-objects.ts'
import type { GoValue } from './go-value.ts'
import { type Path } from '../check/problem.ts'
import { readDocuments, type ReadDocument } from './read-documents.ts'

export type ReadObject = {
  readonly object: KubernetesObject
  /** The file, or what it was called. */
  readonly source: string
  /** Counted from 1; of a field that isn't there, that of the nearest around it. */
  readonly lineOf: (path: Path) => number
  /**
   * Tells how YAML read the value there, where that differs from its text: `no is read as the boolean false: write
   * "no"`.
   */
  readonly misreadAt: (path: Path) => string | undefined
}

/** A fault of a document as a whole. */
type ReadProblem = {
  readonly source: string
  readonly line: number
  readonly column: number | undefined
  readonly message: string
}

export type ReadManifest = {
  readonly objects: readonly ReadObject[]
  readonly problems: readonly ReadProblem[]
}

/** @param source what to call the text in problems. */
export function readObjects(text: string, source: string): ReadManifest {
  const objects: ReadObject[] = []
  const problems: ReadProblem[] = []
  for (const document of readDocuments(text)) {
    for (const problem of document.problems) problems.push({ source, ...problem })
    if (document.value === undefined || document.value === null) continue
    unfold(asJson(document.value), [], {
      document,
      add: (object, at) =>
        objects.push({
          object,
          source,
          lineOf: (path) => document.lineOf([...at, ...path]),
          misreadAt: (path) => misread(document, [...at, ...path], valueAt(object, path)),
        }),
      refuse: (at, message) =>
        problems.push({ source, line: document.lineOf(at), column: undefined, message }),
    })
  }
  return { objects, problems }
}

type Unfolding = {
  readonly document: ReadDocument
  readonly add: (object: KubernetesObject, at: Path) => void
  readonly refuse: (at: Path, message: string) => void
}

/** Lists are what they hold; what a typed list holds has its type (apimachinery, unstructured's decodeToList). */
function unfold(given: Json, at: Path, to: Unfolding, type?: { apiVersion: string; kind: string }): void {
  if (!isObject(given)) return to.refuse(at, 'expected a Kubernetes object')
  const isBare = type !== undefined && given['kind'] === undefined && given['apiVersion'] === undefined
  const value = isBare ? { ...type, ...given } : given
  const { apiVersion, kind, metadata, items } = value
  if (typeof apiVersion !== 'string' || apiVersion === '')
    return refuseField('apiVersion', 'an object with apiVersion')
  if (typeof kind !== 'string' || kind === '') return refuseField('kind', 'an object with kind')
  if (kind.endsWith('List') && 'items' in value && (items === null || Array.isArray(items))) {
    const itemType = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) }
    for (const [i, one] of (items ?? []).entries()) unfold(one, [...at, 'items', i], to, itemType)
    return
  }
  // What Kustomize reads has no name.
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) return
  if (!isObject(metadata)) return refuseField('metadata', `metadata.name for kind ${kind}`)
  const key = metadata['name'] === undefined || metadata['name'] === null ? 'generateName' : 'name'
  const name = metadata[key]
  if (typeof name !== 'string')
    return refuseField(key, `metadata.name for kind ${kind}`, [...at, 'metadata', key], `metadata.${key}: `)
  to.add({ ...value, apiVersion, kind, metadata: { ...metadata, name } }, at)

  function refuseField(
    field: string,
    expected: string,
    path: Path = [...at, field],
    prefix = `${field}: `,
  ): void {
    const hint = misread(to.document, path, valueAt(given, path.slice(at.length)))
    to.refuse(
      hint === undefined ? at : path,
      hint === undefined ? `expected ${expected}` : `${prefix}${hint}`,
    )
  }
}

function misread(document: ReadDocument, path: Path, value: Json | undefined): string | undefined {
  if (typeof value !== 'boolean' && typeof value !== 'number') return undefined
  const text = document.writtenAt(path)
  if (text === undefined || (typeof value === 'number' && text === String(value) && path.at(-1) !== 'name')) {
    return undefined
  }
  const what = typeof value === 'boolean' ? `the boolean ${value}` : `the number ${value}`
  return `${text} is read as ${what}: write ${JSON.stringify(text)}`
}

function valueAt(value: Json, path: Path): Json | undefined {
  let found: Json | undefined = value
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)]
    else if (isObject(found)) found = found[step]
    else return undefined
  }
  return found
}

/** Whole numbers beyond 2^53 as the nearest that JavaScript has. */
function asJson(value: GoValue): Json {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value !== 'object') return value
  if (isGoList(value)) return value.map(asJson)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asJson(one)]))
}

function isGoList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value)
}
