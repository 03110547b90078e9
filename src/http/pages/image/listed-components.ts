/** The components of an image in the order of its page: largest first. */
import type { Digest } from '../../../core/oci/digest.ts'
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { Component, Inventory } from '../../../insight/inventory/component.ts'

export type ListedComponent = {
  readonly component: Component
  /** Its place in the list, from 0. */
  readonly row: number
  /** The number of its layer, from 1 at the bottom. */
  readonly layer: number | undefined
  /** How many components refer to it. */
  readonly usedBy: number
}

export function listComponents({ image, components }: Inventory): readonly ListedComponent[] {
  const layers = new Map<Digest, number>()
  for (const [index, { digest }] of image.layers.entries())
    if (!layers.has(digest)) layers.set(digest, index + 1)
  const users = new Map<StorePath, number>()
  for (const { references } of components)
    for (const path of references) users.set(path, (users.get(path) ?? 0) + 1)
  return components
    .toSorted((a, b) => (b.narSize ?? 0) - (a.narSize ?? 0) || (a.path < b.path ? -1 : 1))
    .map((component, row) => ({
      component,
      row,
      layer: component.layer === undefined ? undefined : layers.get(component.layer.digest),
      usedBy: users.get(component.path) ?? 0,
    }))
}

/** Whether a component has a word of a search in its name, version or licence. */
export function matches({ path, name, version, meta }: Component, search: string): boolean {
  const licences = meta.licences.map((licence) =>
    licence.kind === 'spdx' ? licence.expression : licence.name,
  )
  return [path, name, version ?? '', ...licences]
    .join('\n')
    .toLowerCase()
    .includes(search.trim().toLowerCase())
}

/** `glibc 2.38` */
export function titleOf({ name, version }: Component): string {
  return version === undefined ? name : `${name} ${version}`
}
