/** From what a source says of its layers to what can be hashed and streamed. */
import { displayPath } from '../../core/byte-string.ts'
import { pathsOfClosure } from '../../core/nix/closure.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { demandLayersFit } from '../../core/oci/layer-limit.ts'
import { EROFS_LAYER_PRICE, planByCost, TAR_LAYER_PRICE } from '../../core/nix/plan-by-cost.ts'
import { planLayers } from '../../core/nix/plan.ts'
import type { Slice } from '../../core/tar/segment.ts'
import { storeNameOf, type StorePath } from '../../core/nix/store-path.ts'
import type { LayerFormat } from '../../layer/layer-format.ts'
import type { ClosurePath } from '../../store/store.ts'
import type { ClosureFiles } from '../../source/files/closure-files.ts'
import type { Source, SourceLayer, StoredLayer } from '../../source/source.ts'
import { FORMAT_OF, LAYERS_IN_FORM, type ImageForm } from './image-form.ts'
import type { ImageRoot } from './image-root.ts'
import type { UnpackedSlice } from './unpacked-slice.ts'
import { joinedPart } from './joined-part.ts'
import type { Part } from './layer-part.ts'
import { nixDatabaseEntries } from '../state/nix-database.ts'

/** Names of a layer's packages that its history names. */
const NAMES_SHOWN = 4
const LAYER_PRICE = {
  tar: TAR_LAYER_PRICE,
  erofs: EROFS_LAYER_PRICE,
} as const satisfies Record<LayerFormat, number>

/**
 * Plans the layers of an image. They are cut to fit upon the layers below.
 * @throws RegistryError `unservable`, also for more layers than clients take; `unavailable`.
 */
export async function planParts(
  { root, closure, files }: ImageRoot,
  { layers, config }: Pick<Source, 'layers' | 'config'>,
  form: ImageForm,
): Promise<readonly Part[]> {
  const nodes = new Map(closure.map((node) => [node.path, node]))
  const placed = new Set<StorePath>()
  const parts: Part[] = []
  const format = FORMAT_OF[form]
  for (const [i, layer] of layers.entries()) {
    const room = Math.max(1, LAYERS_IN_FORM[form] - parts.length - (layers.length - i - 1))
    for (const part of await partsOf(layer, { root, files, nodes, placed, room, format })) {
      parts.push(part)
      if (part.source.kind === 'paths') for (const path of part.source.paths) placed.add(path)
    }
  }
  // What is no image may have as many as it likes: nothing mounts them.
  if (config.kind !== 'opaque') demandLayersFit(root, parts.length)
  return form === 'erofs file' ? [joinedPart(parts, files.directory)] : parts
}

type Planning = {
  readonly root: StorePath
  readonly files: ClosureFiles
  readonly nodes: ReadonlyMap<StorePath, ClosurePath>
  /** Paths that are in the layers below. */
  readonly placed: ReadonlySet<StorePath>
  /** How many layers there may be yet. */
  readonly room: number
  readonly format: LayerFormat
}

async function partsOf(
  layer: SourceLayer,
  { root, files, nodes, placed, room, format }: Planning,
): Promise<readonly Part[]> {
  switch (layer.kind) {
    case 'entries':
      return [{ source: { ...layer, format }, createdBy: layer.createdBy }]
    case 'paths':
      for (const path of layer.paths) await files.assertMember(path)
      return [{ source: layer, createdBy: layer.createdBy }]
    case 'stored':
      return [
        {
          source: await sliceOf(layer, { root, files }),
          createdBy: layer.createdBy,
          stored: layer,
        },
      ]
    case 'closure': {
      const { roots = [root], except, unpacked = [] } = layer
      for (const path of roots) await files.assertMember(path)
      const wanted = pathsOfClosure(nodes, { roots, except, unpacked })
      const planned = [...nodes.values()].filter(({ path }) => wanted.has(path) && !placed.has(path))
      const maxLayers = Math.min(layer.maxLayers, room)
      const modules = roots.flatMap((path) =>
        wanted.has(path) ? [path] : (nodes.get(path)?.references ?? []),
      )
      const plan =
        layer.planner === 2
          ? planByCost(planned, modules, { maxLayers, layerPrice: LAYER_PRICE[format] })
          : planLayers(planned, maxLayers)
      return plan.map((paths) => ({
        source: { kind: 'paths', paths, format },
        createdBy: describe(paths),
      }))
    }
    case 'nix database': {
      const entries = nixDatabaseEntries([...nodes.values()], placed)
      return [{ source: { kind: 'entries', entries, format }, createdBy: layer.createdBy }]
    }
  }
}

/** Finds the file that holds a layer. What a packed archive was unpacked to lies in this server's own cache. */
async function sliceOf(
  { place: { file, offset, length, packed } }: StoredLayer,
  { root, files }: Pick<Planning, 'root' | 'files'>,
): Promise<Slice | UnpackedSlice> {
  if (packed !== undefined) {
    await files.assertMember(packed.path)
    return { kind: 'unpacked', packed, offset, length }
  }
  const found = await files.find(file)
  if (found?.stat.isFile() !== true)
    refuse(root, `${displayPath(file)} is not a file in the closure of the image`)
  const { path, stat } = found
  if (offset + length > stat.size) refuse(root, `${displayPath(file)} ends before its layers do`)
  return { kind: 'slice', path, offset, length, fileSize: stat.size }
}

function refuse(root: StorePath, why: string): never {
  throw new RegistryError('unservable', `${root}: ${why}`)
}

function describe(paths: readonly StorePath[]): string {
  const names = paths.slice(0, NAMES_SHOWN).map(storeNameOf).join(', ')
  return paths.length > NAMES_SHOWN ? `${names} and ${paths.length - NAMES_SHOWN} more` : names
}
