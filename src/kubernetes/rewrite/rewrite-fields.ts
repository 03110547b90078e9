/**
 * Finds the images that an object names, and what to write instead. It looks at fields called `image`, image volumes,
 * and names in parts as in Helm's values. It also finds names within arguments, variables, data and annotations
 * (image-mentions.ts). Texts for people, such as the descriptions of a CustomResourceDefinition, are left out.
 */
import { isAlias, isCollection, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { RegistryError } from '../../core/errors/errors.ts'
import { MAX_DEPTH, TOO_DEEP } from '../../core/errors/nesting.ts'
import { childPath } from '../references/image-references.ts'
import { imageMentions } from './image-mentions.ts'
import { editOf, editWithin } from './rewrite-edit.ts'
import type { SourceObject } from './rewrite-documents.ts'
import type { ImageField } from './image-field.ts'
import { nameInParts } from './rewrite-parts.ts'

type At = {
  readonly key: string
  /** The label of the text: its key, the variable that it is the value of, or the option before it. */
  readonly label: string
  readonly path: string
  readonly depth: number
}

const IMAGE_KEY = /image$/i
/** Fields that are for people. */
const PROSE_KEY = /^(?:description|summary|message|example|examples|displayName|documentation|notes)$/
/** Characters of templates and patterns, which names of images don't have. */
const NO_NAME = /[${}*?|<>\s]/
const OPTION = /^--?[A-Za-z][A-Za-z0-9_.-]*$/

/** In the order of the text. @throws RegistryError `manifest-invalid` where it is nested too deeply. */
export function* imageFields(object: SourceObject): Generator<ImageField> {
  yield* fieldsIn(object.root, { key: '', label: '', path: '', depth: 0 }, object)
}

function* fieldsIn(node: unknown, at: At, object: SourceObject): Generator<ImageField> {
  if (at.depth > MAX_DEPTH) throw new RegistryError('manifest-invalid', TOO_DEEP)
  if (isAlias(node)) {
    // What it stands for is edited where it stands, under its own key; only here is known that it is an image.
    const target = node.resolve(object.parsed)
    if (isScalar(target)) yield* scalarFields(target.value, node, at, object)
    else if (isMap(target) && IMAGE_KEY.test(at.key)) {
      const whole = nameInParts(target, at, object)
      if (whole !== undefined) yield whole.field
    }
  } else if (isScalar(node)) yield* scalarFields(node.value, node, at, object)
  else if (isSeq(node)) yield* itemFields(node.items, at, object)
  else if (isMap(node)) yield* mapFields(node, at, object)
}

function* itemFields(items: readonly unknown[], at: At, object: SourceObject): Generator<ImageField> {
  let option: string | undefined
  for (const [i, item] of items.entries()) {
    const path = `${at.path}[${i}]`
    yield* fieldsIn(item, { ...at, label: option ?? at.label, path, depth: at.depth + 1 }, object)
    option =
      isScalar(item) && typeof item.value === 'string' && OPTION.test(item.value) ? item.value : undefined
  }
}

function* mapFields(map: YAMLMap, at: At, object: SourceObject): Generator<ImageField> {
  const whole = nameInParts(map, at, object)
  if (whole !== undefined) yield whole.field
  const variable = map.get('name')
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '?'
    // What a cluster says of an object is nothing that it pulls.
    if (at.path === '' && name === 'status') continue
    if (whole?.keys.includes(name) === true || (PROSE_KEY.test(name) && !isCollection(value))) continue
    const label =
      name === 'value' && typeof variable === 'string' ? variable : name === 'default' ? at.label : name
    yield* fieldsIn(value, { key: name, label, path: childPath(at.path, name), depth: at.depth + 1 }, object)
  }
}

function* scalarFields(value: unknown, node: Node, at: At, object: SourceObject): Generator<ImageField> {
  if (typeof value !== 'string' || value.trim() === '') return
  const name = value.trim()
  if (at.key === 'image' && !NO_NAME.test(name)) {
    yield { path: at.path, name, kind: 'image', edit: (text) => [editOf(node, text, object)] }
    return
  }
  const mentions = [...imageMentions(value, at.label)]
  // Where an alias stands for a longer text, its names are found where that text stands.
  if (isAlias(node) && mentions.length !== 1) return
  for (const mention of mentions) {
    const edit = (text: string) =>
      mention.kind === 'part' ? undefined : editWithin(node, value, mention, text, object)
    yield { path: at.path, name: mention.name, kind: mention.kind, edit }
  }
}
