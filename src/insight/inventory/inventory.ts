/**
 * Makes the inventory of an image: every store path in its layers, with the facts that the store, the derivation and the
 * metadata have about it. A fact that isn't known is left out, never guessed.
 */
import pLimit from 'p-limit'
import { isObject, type Json } from '../../core/json.ts'
import { splitPackageName } from '../../core/nix/package-name.ts'
import { storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { PathInfo, Store } from '../../store/store.ts'
import type { Image } from '../../registry/artifact/image.ts'
import type { ImageLayer } from '../../registry/artifact/image-root.ts'
import type { Component, ImageFacts, Inventory, LayerFacts } from './component.ts'
import { componentFiles } from './component-files.ts'
import { derivationFacts } from './derivation-facts.ts'
import type { LayerReader } from './layer-contents.ts'
import { NO_META } from './package-meta.ts'
import { readMetadata, type PathMetadata } from './read-metadata.ts'

/** Derivations read at once. */
const READS_AT_ONCE = 16

export type InventoryDeps = {
  readonly store: Store
  readonly layers: LayerReader
  /** The organisation that supplies what names no supplier itself, as the operator says. */
  readonly supplier?: string | undefined
}

/**
 * Makes the inventory of an image: the store paths that its layers hold, and the layers that hold other files.
 * @throws RegistryError `unavailable` when a path vanished, `unservable` for broken metadata, and those of reading
 * layers that were made elsewhere.
 */
export async function inventoryOf(deps: InventoryDeps, image: Image): Promise<Inventory> {
  const { store, layers, supplier } = deps
  const closure = new Map((await store.closure(image.root)).map((info) => [info.path, info]))
  const { places, opaqueLayers } = await placesOf(layers, image)
  const metadata = await readMetadata(image.metadata, store.directory)
  const limit = pLimit(READS_AT_ONCE)
  const components = await Promise.all(
    [...places.values()].map((place) =>
      limit(async () => {
        const info = closure.get(place.path) ?? (await store.info(place.path))
        return componentOf(deps, { place, info, places, metadata: metadata.get(place.path) })
      }),
    ),
  )
  const sorted = components.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const named = closure.get(image.root)?.references ?? []
  return {
    image: imageFactsOf(image, supplier),
    roots: rootsOf(
      named.filter((path) => places.has(path)),
      sorted,
    ),
    components: sorted,
    opaqueLayers,
  }
}

/** The same with the files of each component, read from the store. @throws RegistryError `unavailable`. */
export async function deepInventory(
  inventory: Inventory,
  { directory }: Pick<Store, 'directory'>,
): Promise<Inventory> {
  const components: Component[] = []
  for (const component of inventory.components) {
    // Files of an archive may differ from those of the store.
    const isOfStore = component.narHash !== undefined
    components.push(
      isOfStore ? { ...component, files: await componentFiles(component.path, directory) } : component,
    )
  }
  return { ...inventory, components }
}

/** A store path in the image, and the layer that holds it. */
type Place = {
  readonly path: StorePath
  readonly layer: LayerFacts
  readonly isForeign: boolean
}

type Places = ReadonlyMap<StorePath, Place>

/** The first layer that is made of a path holds it; else the first that has copies of its files. */
async function placesOf(
  reader: LayerReader,
  image: Image,
): Promise<{ readonly places: Places; readonly opaqueLayers: readonly LayerFacts[] }> {
  const places = new Map<StorePath, Place>()
  const opaqueLayers: LayerFacts[] = []
  for (const layer of image.layers.toSorted((a, b) => Number(isCopy(a)) - Number(isCopy(b)))) {
    const { paths, isForeign, hasOthers } = await reader.contents(image, layer)
    const facts = layerFactsOf(layer)
    for (const path of paths) if (!places.has(path)) places.set(path, { path, layer: facts, isForeign })
    if (hasOthers && !opaqueLayers.some(({ digest }) => digest === facts.digest)) opaqueLayers.push(facts)
  }
  const last = image.layers.at(-1)
  // They are in no layer: the last one has the places that they are mounted at.
  if (last === undefined) return { places, opaqueLayers }
  const layer = layerFactsOf(last)
  for (const path of image.mounts) if (!places.has(path)) places.set(path, { path, layer, isForeign: false })
  return { places, opaqueLayers }
}

function isCopy({ source }: ImageLayer): boolean {
  return source.kind === 'packed entries'
}

/** The paths that the image names, and those that nothing would lead to otherwise. */
function rootsOf(named: readonly StorePath[], components: readonly Component[]): readonly StorePath[] {
  const byPath = new Map(components.map((component) => [component.path, component]))
  const reached = new Set<StorePath>()
  const roots = new Set<StorePath>()
  const reach = (root: StorePath): void => {
    roots.add(root)
    const pending = [root]
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      if (reached.has(path)) continue
      reached.add(path)
      pending.push(...(byPath.get(path)?.references ?? []))
    }
  }
  const referred = new Set(components.flatMap(({ references }) => references))
  named.forEach(reach)
  for (const { path } of components) if (!referred.has(path) && !reached.has(path)) reach(path)
  for (const { path } of components) if (!reached.has(path)) reach(path)
  return [...roots].toSorted()
}

function imageFactsOf(image: Image, ofOperator: string | undefined): ImageFacts {
  const { root, manifest, layers } = image
  const supplier = vendorOf(image) ?? ofOperator
  return {
    root,
    digest: manifest.digest,
    layers: layers.map(layerFactsOf),
    ...(supplier === undefined ? {} : { supplier }),
  }
}

/** The label that OCI has for it (image-spec, annotations.md, "Pre-Defined Annotation Keys"). */
function vendorOf({ config }: Image): string | undefined {
  try {
    const document: Json = JSON.parse(Buffer.from(config.bytes).toString())
    const inner = isObject(document) ? document['config'] : undefined
    const labels = isObject(inner) ? inner['Labels'] : undefined
    const vendor = isObject(labels) ? labels['org.opencontainers.image.vendor'] : undefined
    return typeof vendor === 'string' && vendor !== '' ? vendor : undefined
  } catch {
    // What is no image, but in the form of one, may have any config.
    return undefined
  }
}

function layerFactsOf({ digest, diffId, size }: LayerFacts): LayerFacts {
  return { digest, diffId, size }
}

type Known = {
  readonly place: Place
  /** The store's facts about the path; absent for one that is only in an archive. */
  readonly info: PathInfo | undefined
  readonly places: Places
  readonly metadata: PathMetadata | undefined
}

async function componentOf(
  { store, supplier }: InventoryDeps,
  { place, info, places, metadata }: Known,
): Promise<Component> {
  const { path, layer, isForeign } = place
  const own = info === undefined ? undefined : await derivationFacts(store, info)
  const output = own?.output ?? metadata?.output
  const meta = metadata?.meta ?? NO_META
  const split = splitPackageName(storeNameOf(path))
  const references = (info?.references ?? []).filter((other) => other !== path && places.has(other))
  return {
    path,
    name: own?.pname ?? metadata?.pname ?? split.name,
    version: own?.version ?? metadata?.version ?? withoutOutput(split.version, output),
    output,
    // Nobody compared the files of an archive with those of the store.
    narHash: isForeign ? undefined : info?.narHash,
    narSize: info?.narSize,
    references: references.toSorted(),
    layer: { digest: layer.digest, diffId: layer.diffId },
    sources: own?.sources ?? [],
    patches: own?.patches ?? [],
    meta: { ...meta, supplier: meta.supplier ?? supplier },
  }
}

/** Store names of other outputs than `out` end with the output: `1.2-dev`. */
function withoutOutput(version: string | undefined, output: string | undefined): string | undefined {
  const suffix = `-${output}`
  return output !== undefined && version?.endsWith(suffix) === true
    ? version.slice(0, -suffix.length)
    : version
}
