/** The licences of the packages of an image, and which of them are denied. */
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Inventory } from '../inventory/component.ts'
import type { Licence } from '../inventory/package-meta.ts'
import { isDenied, type LicencePattern } from './denied-licence.ts'
import { licenceText } from './licence-text.ts'

export type PackageLicence = {
  readonly name: string
  readonly version: string | undefined
  /** `undefined` where none is known. */
  readonly licence: string | undefined
  readonly verdict: 'denied' | 'allowed' | 'unknown'
  /** The store paths of the package. */
  readonly paths: readonly StorePath[]
}

/** @returns one for each package, version and licence, sorted by name. */
export function licencesOf(
  { components }: Inventory,
  denied: readonly LicencePattern[],
): readonly PackageLicence[] {
  const packages = new Map<string, PackageLicence & { readonly paths: StorePath[] }>()
  for (const { path, name, version, meta } of components) {
    const licence = licenceText(meta.licences)
    const key = JSON.stringify([name, version ?? null, licence ?? null])
    const known = packages.get(key)
    if (known === undefined)
      packages.set(key, { name, version, licence, verdict: verdictOn(meta.licences, denied), paths: [path] })
    else known.paths.push(path)
  }
  return [...packages.values()].toSorted(byName)
}

function verdictOn(
  licences: readonly Licence[],
  denied: readonly LicencePattern[],
): PackageLicence['verdict'] {
  if (licences.length === 0) return 'unknown'
  return isDenied(licences, denied) ? 'denied' : 'allowed'
}

function byName(a: PackageLicence, b: PackageLicence): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return (a.version ?? '') < (b.version ?? '') ? -1 : 1
}
