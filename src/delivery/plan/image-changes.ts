/** Finds which images change from one set of objects to another: the same field of the same object, with another name. */
import { findReferences } from '../../kubernetes/references/image-references.ts'
import type { DesiredObject } from '../../kubernetes/client/cluster.ts'

export type ImageChange = {
  readonly before: string
  readonly after: string
  /** The fields that change, such as `Deployment/web, spec.template.spec.containers[0].image`. */
  readonly places: readonly string[]
}

/** @param hosts under which the registry is known, beside `nix.internal`. */
export function imageChanges(
  before: readonly DesiredObject[],
  after: readonly DesiredObject[],
  hosts: readonly string[] = [],
): readonly ImageChange[] {
  const old = imagesByPlace(before, hosts)
  const changes = new Map<string, ImageChange & { readonly places: string[] }>()
  for (const [place, name] of imagesByPlace(after, hosts)) {
    const previous = old.get(place)
    if (previous === undefined || previous === name) continue
    const key = `${previous} ${name}`
    const known = changes.get(key)
    if (known === undefined) changes.set(key, { before: previous, after: name, places: [place] })
    else known.places.push(place)
  }
  return [...changes.values()]
}

function imagesByPlace(
  objects: readonly DesiredObject[],
  hosts: readonly string[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const object of objects) {
    const { images } = findReferences(JSON.stringify(object), { source: '', hosts, skipBroken: true })
    const { kind, metadata } = object
    for (const { name, places } of images)
      for (const { path } of places)
        found.set(`${kind} ${metadata.namespace ?? ''}/${metadata.name}, ${path}`.replace(' /', ' '), name)
  }
  return found
}
