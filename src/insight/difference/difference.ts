/** Changes from one image to another: packages, and the bytes that an update moves. */
import type { Component, ImageFacts, Inventory } from '../inventory/component.ts'
import { licenceText } from '../licences/licence-text.ts'

/** A package as one image has it. */
export type PackageState = {
  readonly version: string | undefined
  readonly path: Component['path']
  /** Bytes; `undefined` where they aren't known. */
  readonly size: number | undefined
  /** `undefined` where it isn't known. */
  readonly licence: string | undefined
}

export type PackageChange = {
  /** Name of the package; with its output, where that is another than `out`. */
  readonly name: string
  /** `undefined` for a package that is added. */
  readonly before: PackageState | undefined
  /** `undefined` for a package that is removed. */
  readonly after: PackageState | undefined
  /** The differences where both images have it; empty where only the store path does, as after a rebuild. */
  readonly differs: readonly ('version' | 'size' | 'licence')[]
}

type LayerDifference = {
  /** Layers that both images have, and their bytes. */
  readonly shared: number
  readonly sharedBytes: number
  /** Layers that the second image alone has. A node that has the first image fetches these bytes. */
  readonly moved: number
  readonly movedBytes: number
}

export type Difference = {
  /** Sorted by name. Packages with the same store path in both images aren't among them. */
  readonly packages: readonly PackageChange[]
  readonly unchanged: number
  readonly layers: LayerDifference
  /** Bytes of all components, before and after. */
  readonly size: { readonly before: number; readonly after: number }
}

export function differenceOf(before: Inventory, after: Inventory): Difference {
  const old = byName(before)
  const fresh = byName(after)
  let unchanged = 0
  const packages = [...new Set([...old.keys(), ...fresh.keys()])].toSorted().flatMap((name) => {
    const both = new Set((old.get(name) ?? []).map(({ path }) => path)).intersection(
      new Set((fresh.get(name) ?? []).map(({ path }) => path)),
    )
    unchanged += both.size
    const isOther = ({ path }: PackageState): boolean => !both.has(path)
    return pair(name, (old.get(name) ?? []).filter(isOther), (fresh.get(name) ?? []).filter(isOther))
  })
  return {
    packages,
    unchanged,
    layers: layersOf(before.image, after.image),
    size: { before: totalOf(before), after: totalOf(after) },
  }
}

/** Several versions of one package are paired in the order of their versions. */
function pair(
  name: string,
  before: readonly PackageState[],
  after: readonly PackageState[],
): readonly PackageChange[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, i) => {
    const [one, other] = [before[i], after[i]]
    return { name, before: one, after: other, differs: differencesOf(one, other) }
  })
}

function differencesOf(
  before: PackageState | undefined,
  after: PackageState | undefined,
): PackageChange['differs'] {
  if (before === undefined || after === undefined) return []
  return (['version', 'size', 'licence'] as const).filter((fact) => before[fact] !== after[fact])
}

function byName({ components }: Inventory): ReadonlyMap<string, readonly PackageState[]> {
  const unique = [...new Map(components.map((component) => [component.path, component])).values()]
  const groups = Map.groupBy(unique, ({ name, output }) =>
    output === undefined || output === 'out' ? name : `${name} (${output})`,
  )
  return new Map([...groups].map(([name, group]) => [name, group.map(stateOf).toSorted(byVersion)] as const))
}

function stateOf({ version, path, narSize, meta }: Component): PackageState {
  return { version, path, size: narSize, licence: licenceText(meta.licences) }
}

/** 1.10 stands behind 1.9. */
const VERSIONS = new Intl.Collator('en', { numeric: true })

function byVersion(a: PackageState, b: PackageState): number {
  return VERSIONS.compare(a.version ?? '', b.version ?? '') || (a.path < b.path ? -1 : 1)
}

function totalOf({ components }: Inventory): number {
  return components.reduce((sum, { narSize = 0 }) => sum + narSize, 0)
}

function layersOf(before: ImageFacts, after: ImageFacts): LayerDifference {
  const known = new Set(before.layers.map(({ digest }) => digest))
  const layers = [...new Map(after.layers.map((layer) => [layer.digest, layer])).values()]
  const shared = layers.filter(({ digest }) => known.has(digest))
  const moved = layers.filter(({ digest }) => !known.has(digest))
  return {
    shared: shared.length,
    sharedBytes: bytesOf(shared),
    moved: moved.length,
    movedBytes: bytesOf(moved),
  }
}

function bytesOf(layers: ImageFacts['layers']): number {
  return layers.reduce((sum, { size }) => sum + size, 0)
}
