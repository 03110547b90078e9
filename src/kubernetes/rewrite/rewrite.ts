/**
 * Manifests that other generators wrote, as manifests whose images are ours: names of images become references by a
 * map, everything else stays as it was written. An image that the map doesn't have is an error, for the cluster would
 * pull it from somewhere else, unless that is allowed.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import { describePlace, type Place } from '../references/place.ts'
import { DEFAULT_HOST } from '../../core/oci/reference.ts'
import { describeIdentity, nameFiles } from '../read/object-files.ts'
import { readObjects, type Origin, type SourceObject } from './rewrite-documents.ts'
import { applyEdits, type Edit } from './rewrite-edit.ts'
import type { ImageField } from './image-field.ts'
import { imageFields } from './rewrite-fields.ts'
import { isAllowed, type ImageMap } from './rewrite-map.ts'
import { clusterKinds, withNamespace } from './rewrite-namespace.ts'
import type { KubernetesSchema } from '../check/schema.ts'
import { writeYaml } from '../write-yaml.ts'

export type RewriteOptions = {
  readonly images: ImageMap
  /** Patterns of images that may stay what they are. */
  readonly allow: readonly string[]
  /** Under which our registry is known beside `nix.internal`. */
  readonly hosts: readonly string[]
  /** Version of Kubernetes that they are for, to be noted. */
  readonly kubernetesVersion: string | undefined
  /** For objects that name none. Kinds of Kubernetes that have no place for one are known by the schema. */
  readonly namespace?: { readonly name: string; readonly schema: KubernetesSchema } | undefined
}

export type Rewritten = {
  /** In the order to apply them in. */
  readonly objects: readonly { readonly name: string; readonly text: string }[]
  /** The other files of a directory of objects: the `Kustomization` and the record of their images. */
  readonly others: readonly { readonly name: string; readonly text: string }[]
  /** For people: what may be a mistake. */
  readonly warnings: readonly string[]
}

type RecordedImage = {
  readonly derivation: string | null
  readonly field: string
  readonly reference: string
  readonly storePath: string | null
}
type Work = RewriteOptions & {
  readonly used: Set<string>
  readonly problems: string[]
  readonly warnings: string[]
}

/**
 * @param texts what was read, by what it is called.
 * @throws RegistryError `manifest-invalid` that names every image in the way, and each object that is there twice.
 */
export function rewriteManifests(
  texts: readonly { readonly source: string; readonly text: string }[],
  options: RewriteOptions,
): Rewritten {
  const work: Work = { ...options, used: new Set(), problems: [], warnings: [] }
  const objects = placeAll(readAll(texts), options)
  refuseTwice(objects.map(({ object }) => object))
  const rewritten = nameFiles(
    objects.map(({ object, edits }) => ({ ...object, ...rewriteObject(object, edits, work) })),
  )
  if (work.problems.length > 0) throw new RegistryError('manifest-invalid', work.problems.join('\n'))
  for (const name of options.images.names) {
    if (!work.used.has(name)) work.warnings.push(`${name} is in the map of images, and nothing names it`)
  }
  const files = rewritten.map((object) => ({ ...object, file: `${object.base}.${object.format}` }))
  return {
    objects: files.map(({ file, result }) => ({ name: file, text: result })),
    others: [
      { name: 'Kustomization', text: kustomizationOf(files.map(({ file }) => file)) },
      {
        name: 'objects.jsonl',
        // The keys stand in the order that manifests/output/record.nix has, on which shells rely.
        text: files
          .map(({ file, recorded, identity }) =>
            JSON.stringify({
              file,
              images: recorded,
              kubernetesVersion: options.kubernetesVersion ?? null,
              object: describeIdentity(identity),
            }),
          )
          .map((line) => `${line}\n`)
          .join(''),
      },
    ],
    warnings: work.warnings,
  }
}

/** @throws RegistryError `manifest-invalid` with what is wrong in all of them. */
function readAll(
  texts: readonly { readonly source: string; readonly text: string }[],
): readonly SourceObject[] {
  const problems: string[] = []
  const objects = texts.flatMap(({ source, text }) => {
    try {
      return readObjects(text, source)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      problems.push(error.message)
      return []
    }
  })
  if (problems.length > 0) throw new RegistryError('manifest-invalid', problems.join('\n'))
  return objects
}

type Placed = { readonly object: SourceObject; readonly edits: readonly Edit[] }

/** Each in its namespace. @throws RegistryError `manifest-invalid` where that can't be written. */
function placeAll(objects: readonly SourceObject[], { namespace }: RewriteOptions): readonly Placed[] {
  if (namespace === undefined) return objects.map((object) => ({ object, edits: [] }))
  const clusterWide = clusterKinds(namespace.schema, objects)
  return objects.map((object) => withNamespace(object, namespace.name, clusterWide))
}

function rewriteObject(
  object: SourceObject,
  before: readonly Edit[],
  work: Work,
): { readonly result: string; readonly recorded: readonly RecordedImage[] } {
  const recorded: RecordedImage[] = []
  const edits = new Map(before.map((edit) => [edit.start, edit]))
  for (const field of imageFields(object)) {
    if ([DEFAULT_HOST, ...work.hosts].some((host) => field.name.startsWith(`${host}/`))) {
      if (field.kind !== 'image') continue
      recorded.push({ derivation: null, field: field.path, reference: field.name, storePath: null })
      continue
    }
    const found = work.images.find(field.name)
    if (found === undefined) {
      noteUnmapped(field, object, work)
      continue
    }
    work.used.add(found.key)
    const { reference, storePath = null, derivation = null } = found.image
    const made = field.edit(reference)
    if (made === undefined) {
      work.problems.push(
        `${describe(field, object)}: ${field.name} is in parts that ${reference} doesn’t fit: expected the whole name in one text, or repository and tag, and no digest`,
      )
      continue
    }
    for (const edit of made) edits.set(edit.start, edit)
    recorded.push({ derivation, field: field.path, reference, storePath })
  }
  return { result: applyEdits(object.text, [...edits.values()]), recorded }
}

function noteUnmapped(field: ImageField, object: SourceObject, { allow, problems, warnings }: Work): void {
  if (isAllowed(allow, field.name)) return
  const what = `${describe(field, object)}: ${field.name}`
  if (field.kind === 'word') warnings.push(`${what} may be an image, which isn’t in the map of images`)
  else
    problems.push(`${what} isn’t in the map of images: expected an entry for it, or a pattern that allows it`)
}

function refuseTwice(objects: readonly SourceObject[]): void {
  const first = new Map<string, Origin>()
  for (const object of objects) {
    const key = describeIdentity(object.identity)
    const other = first.get(key)
    if (other !== undefined) {
      throw new RegistryError(
        'manifest-invalid',
        `${JSON.stringify(key)} is there twice: ${other.source}, document ${other.document}, and ${object.source}, document ${object.document}`,
      )
    }
    first.set(key, object)
  }
}

/** `Kustomization`, not `kustomization.yaml`, which `kubectl apply -f` of a directory would take for an object. */
function kustomizationOf(resources: readonly string[]): string {
  return writeYaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources })
}

function describe({ path }: ImageField, { source, document, identity }: SourceObject): string {
  const place: Place = { source, document, object: `${identity.kind}/${identity.name}`, path }
  return describePlace(place)
}
