/**
 * Where an object names images, and what to write there instead. It finds what `core/manifest-references.ts` finds, but
 * in the text: containers of any kind, `image` of custom resources, names in parts as Helm's values have them, images
 * that are volumes, assignments (`--image=…`).
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { RegistryError } from '../core/errors.ts'
import { MAX_DEPTH, TOO_DEEP } from '../core/nesting.ts'
import { ASSIGNMENT, childPath, composedName } from '../core/manifest-references.ts'
import type { SourceObject } from './rewrite-documents.ts'

/** Text to stand in place of what is there; positions count from the object's own text. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string }

export type ImageField = {
  /** `spec.containers[0].image` */
  readonly path: string
  /** Whole, as clients would be asked for it. */
  readonly name: string
  /** What stands there: an image for certain, what its key calls one, or any text that may happen to be one. */
  readonly kind: 'image' | 'likely' | 'text'
  /** Undefined where a reference of ours can't be written into its parts. */
  readonly edit: (reference: string) => readonly Edit[] | undefined
}

type At = { readonly key: string; readonly path: string; readonly depth: number }

const IMAGE_KEY = /image$/i

/** In the order of the text. @throws RegistryError `manifest-invalid` where it is nested too deeply. */
export function* imageFields(object: SourceObject): Generator<ImageField> {
  yield* fieldsIn(object.root, { key: '', path: '', depth: 0 }, object)
}

function* fieldsIn(node: unknown, at: At, object: SourceObject): Generator<ImageField> {
  if (at.depth > MAX_DEPTH) throw new RegistryError('manifest-invalid', TOO_DEEP)
  const depth = at.depth + 1
  if (isAlias(node)) {
    // What it stands for is edited where it stands, under its own key; only here is known that it is an image.
    const target = node.resolve(object.parsed)
    if (isScalar(target)) yield* scalarField(target.value, node, at, object)
    else if (isMap(target) && IMAGE_KEY.test(at.key)) yield* partsField(target, at, object)
  } else if (isScalar(node)) yield* scalarField(node.value, node, at, object)
  else if (isSeq(node)) {
    for (const [i, item] of node.items.entries())
      yield* fieldsIn(item, { key: at.key, path: `${at.path}[${i}]`, depth }, object)
  } else if (isMap(node)) {
    const parts = new Set<unknown>()
    for (const field of partsField(node, at, object)) {
      yield field
      for (const key of ['name', 'newName', 'repository', 'reference']) parts.add(key)
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '?'
      if (!parts.has(name))
        yield* fieldsIn(value, { key: name, path: childPath(at.path, name), depth }, object)
    }
  }
}

function* scalarField(value: unknown, node: Node, at: At, object: SourceObject): Generator<ImageField> {
  if (typeof value !== 'string' || value.trim() === '') return
  const name = value.trim()
  const before = ASSIGNMENT.exec(name)?.[0] ?? ''
  const edit = (reference: string) => [editOf(node, `${before}${reference}`, object)]
  if (at.key === 'image' && before === '') yield { path: at.path, name, kind: 'image', edit }
  else {
    const isLikely = IMAGE_KEY.test(before === '' ? at.key : before.slice(0, -1))
    yield { path: at.path, name: name.slice(before.length), kind: isLikely ? 'likely' : 'text', edit }
  }
}

/** A name in parts, if this is one. */
function* partsField(map: YAMLMap, at: At, object: SourceObject): Generator<ImageField> {
  const plain = new Map<string, string>()
  const nodes = new Map<string, Node>()
  for (const { key, value } of map.items) {
    const target = isAlias(value) ? value.resolve(object.parsed) : value
    if (!isScalar(key) || !isScalar(target) || typeof target.value !== 'string') continue
    plain.set(String(key.value), target.value)
    nodes.set(String(key.value), isAlias(value) ? value : target)
  }
  const reference = nodes.get('reference')
  const path = (key: string) => childPath(at.path, key)
  if (at.key === 'image' && reference !== undefined) {
    // A volume that is an image (core/v1 ImageVolumeSource).
    const edit = (text: string) => [editOf(reference, text, object)]
    yield { path: path('reference'), name: plain.get('reference') ?? '', kind: 'image', edit }
    return
  }
  const composed = composedName(Object.fromEntries(plain), at.key.replace(/\[\d+\]$/, ''))
  if (composed === undefined) return
  yield {
    path: path(composed.key),
    name: composed.name,
    kind: 'image',
    edit: (text) => editParts(text, composed.key, nodes, object),
  }
}

/** Host, path and tag to where each stands. There must be a place for each, and none for a digest. */
function editParts(
  reference: string,
  key: string,
  nodes: ReadonlyMap<string, Node>,
  object: SourceObject,
): readonly Edit[] | undefined {
  const [, host, path, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(reference) ?? []
  const tagNode = nodes.get(key === 'repository' ? 'tag' : 'newTag')
  const pathNode = nodes.get(key)
  if (host === undefined || path === undefined || tag === undefined) return undefined
  if (tagNode === undefined || pathNode === undefined || key === 'name' || nodes.has('digest'))
    return undefined
  const hostNode = key === 'repository' ? nodes.get('registry') : undefined
  return [
    ...(hostNode === undefined ? [] : [editOf(hostNode, host, object)]),
    editOf(pathNode, hostNode === undefined ? `${host}/${path}` : path, object),
    editOf(tagNode, tag, object),
  ]
}

/** In the quotes that stand there; references need none. */
function editOf(node: Node, text: string, { text: whole, offset }: SourceObject): Edit {
  const [from, to] = node.range ?? [0, 0]
  const start = from - offset
  const end = to - offset
  const old = whole.slice(start, end)
  const quote = old.startsWith('"') || old.startsWith("'") ? old.slice(0, 1) : ''
  // Block scalars end with their line.
  return { start, end, text: `${quote}${text}${quote}${/^[|>]/.test(old) && old.endsWith('\n') ? '\n' : ''}` }
}
