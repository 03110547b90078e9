/**
 * Names of images in parts, each in a field of its own: Helm's `{ registry, repository, tag, digest }`, Kustomize's
 * `{ name, newName, newTag, digest }`, the `{ repository, image, version }` of operators, and a volume's
 * `{ reference }`. Our reference is written into the same parts.
 */
import { isAlias, isScalar, type Node, type YAMLMap } from 'yaml'
import { childPath, composedName } from '../references/image-references.ts'
import { isRegistryName } from './image-mentions.ts'
import { editOf, type Edit } from './rewrite-edit.ts'
import type { SourceObject } from './rewrite-documents.ts'
import type { ImageField } from './image-field.ts'

/** The parts of a name by their keys: the node of each, and its text. */
type Parts = ReadonlyMap<string, { readonly node: Node; readonly text: string }>

type WholeName = {
  readonly field: ImageField
  /** Fields that are parts of it, so that none is taken for a name of its own. */
  readonly keys: readonly string[]
}

/** The image that a map names in parts, if it does. */
export function nameInParts(
  map: YAMLMap,
  at: { readonly key: string; readonly path: string },
  object: SourceObject,
): WholeName | undefined {
  const parts = partsOf(map, object)
  const field = (key: string, name: string, edit: ImageField['edit']): ImageField => ({
    path: childPath(at.path, key),
    name,
    kind: 'image',
    edit,
  })
  const reference = parts.get('reference')
  if (at.key === 'image' && reference !== undefined) {
    // A volume that is an image (core/v1 ImageVolumeSource).
    const edit = (text: string) => [editOf(reference.node, text, object)]
    return { field: field('reference', reference.text, edit), keys: ['reference'] }
  }
  const split = splitName(parts)
  if (split !== undefined)
    return {
      field: field('image', split, (text) => editSplit(text, parts, object)),
      keys: ['repository', 'image', 'version'],
    }
  const plain = Object.fromEntries([...parts].map(([key, { text }]) => [key, text]))
  // A repository of a registry with its tag is an image, under any key.
  const isImage = isRegistryName(plain['repository'] ?? '') && plain['tag'] !== undefined
  const composed = composedName(plain, isImage ? 'image' : at.key)
  if (composed === undefined) return undefined
  return {
    field: field(composed.key, composed.name, (text) => editComposed(text, composed.key, parts, object)),
    keys: ['name', 'newName', 'repository'],
  }
}

function partsOf(map: YAMLMap, object: SourceObject): Parts {
  const parts = new Map<string, { readonly node: Node; readonly text: string }>()
  for (const { key, value } of map.items) {
    const target = isAlias(value) ? value.resolve(object.parsed) : value
    if (!isScalar(key) || !isScalar(target) || typeof target.value !== 'string') continue
    parts.set(String(key.value), { node: isAlias(value) ? value : target, text: target.value })
  }
  return parts
}

/** `{ repository: nvcr.io/nvidia, image: driver, version: "1" }`, where a version may be a digest. */
function splitName(parts: Parts): string | undefined {
  const [repository, image, version] = ['repository', 'image', 'version'].map((key) => parts.get(key)?.text)
  if (!repository || !image || version === undefined || image.includes('/')) return undefined
  const end = version.includes(':') ? `@${version}` : `:${version}`
  return `${repository}/${image}${version === '' ? '' : end}`
}

function editSplit(reference: string, parts: Parts, object: SourceObject): readonly Edit[] | undefined {
  const [, ...texts] = /^(.+)\/([^/:]+):([^:/]+)$/.exec(reference) ?? []
  return editAll(
    ['repository', 'image', 'version'].map((key, i) => [parts.get(key)?.node, texts[i]]),
    object,
  )
}

/** Host, path and tag to where each stands. There must be a place for each, and none for a digest. */
function editComposed(
  reference: string,
  key: string,
  parts: Parts,
  object: SourceObject,
): readonly Edit[] | undefined {
  const [, host, path, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(reference) ?? []
  if (key === 'name' || Boolean(parts.get('digest')?.text)) return undefined
  const registry = key === 'repository' ? parts.get('registry') : undefined
  return editAll(
    [
      ...(registry === undefined ? [] : [[registry.node, host] as const]),
      [parts.get(key)?.node, registry === undefined ? `${host}/${path}` : path],
      [parts.get(key === 'repository' ? 'tag' : 'newTag')?.node, tag],
    ],
    object,
  )
}

/** @returns undefined where one of them has no place or no text. */
function editAll(
  all: readonly (readonly [node: Node | undefined, text: string | undefined])[],
  object: SourceObject,
): readonly Edit[] | undefined {
  const edits: Edit[] = []
  for (const [node, text] of all) {
    if (node === undefined || text === undefined) return undefined
    edits.push(editOf(node, text, object))
  }
  return edits
}
