/**
 * Finds the images of this registry that Kubernetes manifests name: in containers of any kind, fields of custom
 * resources, operators' arguments (`--image=…`), Kustomize's `images` and Helm's values. A store path behind a host of
 * this registry can't be mistaken for anything else. So the keys of fields matter only for other images.
 */
import { isList } from '../../core/json.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseImageName, type ImageName } from '../../core/oci/image-name.ts'
import { parseDocuments, type YamlValue } from './yaml-documents.ts'
import type { Place } from './place.ts'
import { MAX_DEPTH, TOO_DEEP } from '../../core/errors/nesting.ts'
import { DEFAULT_HOST } from '../../core/oci/reference.ts'

export type FoundImage = ImageName & { readonly places: readonly Place[] }

export type ImageReferences = {
  /** Each once, in order of their first places. */
  readonly images: readonly FoundImage[]
  /** Names of images that others serve, each once. */
  readonly foreign: readonly string[]
  /** Names at the place of an image that begin with a host of this registry, and are not valid references. */
  readonly malformed: readonly { readonly name: string; readonly reason: string; readonly place: Place }[]
}

type Found = {
  readonly images: Map<string, ImageName & { readonly places: Place[] }>
  readonly foreign: Set<string>
  readonly malformed: { readonly name: string; readonly reason: string; readonly place: Place }[]
}
export type Parent = { readonly [key: string]: YamlValue }

/** `--image=…` of an operator, `NAME=…` of an environment. */
const ASSIGNMENT = /^[A-Za-z0-9_.-]+=/

/**
 * @param hosts with port, under which our registry is known beside `nix.internal`.
 * @param skipBroken whether to leave out broken documents.
 * @throws RegistryError `manifest-invalid` with source, line and column where the text is broken.
 */
export function findReferences(
  text: string,
  {
    source,
    hosts = [],
    skipBroken = false,
  }: { readonly source: string; readonly hosts?: readonly string[]; readonly skipBroken?: boolean },
): ImageReferences {
  const found: Found = { images: new Map(), foreign: new Set(), malformed: [] }
  const prefixes = [DEFAULT_HOST, ...hosts].map((host) => `${host}/`)
  for (const [i, value] of parseDocuments(text, source, { skipBroken }).entries()) {
    search(value, { key: '', path: '', object: undefined, depth: 0 }, new Set(), (name, at, isImage) =>
      note(found, prefixes, name, { source, document: i + 1, object: at.object, path: at.path }, isImage),
    )
  }
  return { images: [...found.images.values()], foreign: [...found.foreign], malformed: found.malformed }
}

/** Several files' references as one. */
export function mergeReferences(all: readonly ImageReferences[]): ImageReferences {
  const images = new Map<string, FoundImage>()
  for (const image of all.flatMap((one) => one.images)) {
    const places = [...(images.get(image.name)?.places ?? []), ...image.places]
    images.set(image.name, { ...image, places })
  }
  return {
    images: [...images.values()],
    foreign: [...new Set(all.flatMap(({ foreign }) => foreign))],
    malformed: all.flatMap(({ malformed }) => malformed),
  }
}

type At = {
  /** The map's key that this is at, through lists. */
  readonly key: string
  readonly path: string
  readonly object: string | undefined
  readonly depth: number
}

/** @param isImage whether nothing but an image can stand there. */
type Visit = (text: string, at: At, isImage: boolean) => void

/** @param seen what aliases share, which is searched once. */
function search(value: YamlValue, at: At, seen: Set<object>, visit: Visit): void {
  if (typeof value === 'string') return visit(value, at, at.key === 'image')
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  const depth = at.depth + 1
  if (depth > MAX_DEPTH) throw new RegistryError('manifest-invalid', TOO_DEEP)
  if (isList(value)) {
    for (const [i, item] of value.entries())
      search(item, { ...at, path: `${at.path}[${i}]`, depth }, seen, visit)
    return
  }
  const object = objectName(value) ?? at.object
  const below = (key: string): At => ({ key, path: childPath(at.path, key), object, depth })
  const whole = composedName(value, at.key)
  if (whole !== undefined) visit(whole.name, below(whole.key), true)
  for (const [key, child] of Object.entries(value)) {
    if (key !== whole?.key) search(child, below(key), seen, visit)
  }
}

function note(
  { images, foreign, malformed }: Found,
  prefixes: readonly string[],
  text: string,
  place: Place,
  isImage: boolean,
): void {
  const name = text.trim().replace(ASSIGNMENT, '')
  const prefix = prefixes.find((candidate) => name.startsWith(candidate))
  if (prefix === undefined) {
    if (isImage && name !== '') foreign.add(name)
    return
  }
  try {
    if (!name.startsWith('nix/store/', prefix.length)) {
      throw new RegistryError('name-invalid', `expected ${prefix}nix/store/<hash>-<name>`)
    }
    const image = parseImageName(name)
    const known = images.get(image.name)
    if (known === undefined) images.set(image.name, { ...image, places: [place] })
    else known.places.push(place)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    // Elsewhere it may be an address, or a path below a store path.
    if (isImage) malformed.push({ name, reason: error.message, place })
  }
}

/**
 * A name in parts: Kustomize's `{ name, newName, newTag, digest }`, Helm's `{ registry, repository, tag, digest }`.
 * @returns with the key that the name stands at, so that it isn't read again without its tag.
 */
export function composedName(
  map: Parent,
  key: string,
): { readonly key: string; readonly name: string } | undefined {
  const text = (name: string) => {
    const value = map[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const withEnd = (name: string, tag: string | undefined) => {
    const digest = text('digest')
    return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
  }
  const kustomized = ['newName', 'newTag', 'digest'].some((part) => text(part) !== undefined)
  if (key === 'images' && kustomized) {
    const at = text('newName') === undefined ? 'name' : 'newName'
    const name = text(at)
    return name === undefined ? undefined : { key: at, name: withEnd(name, text('newTag')) }
  }
  const repository = text('repository')
  if (repository === undefined || !/image$/i.test(key)) return undefined
  const registry = text('registry')
  const name = registry === undefined ? repository : `${registry}/${repository}`
  return { key: 'repository', name: withEnd(name, text('tag')) }
}

function objectName(map: Parent): string | undefined {
  const { kind, metadata } = map
  if (typeof kind !== 'string' || typeof metadata !== 'object' || metadata === null || isList(metadata))
    return undefined
  const { name, generateName } = metadata
  const text = typeof name === 'string' ? name : generateName
  return typeof text === 'string' ? `${kind}/${text}` : undefined
}

export function childPath(path: string, key: string): string {
  const step = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  return `${path}${step}`.replace(/^\./, '')
}
