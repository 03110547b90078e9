/**
 * An image without its store paths, for the machine that has them: they are mounted into each container. Everything else
 * of the image stays: its own files, layers of a base, its database.
 *
 * Mounts need places. They are made in a tmpfs at /nix/store, in each container: in a layer, 600 places were 308 kB of
 * the 338 kB to pull. A tmpfs hides what the image has there itself: links among the store paths, paths of a base, what a
 * Nix in the container adds. Such an image has its places in a layer.
 *
 * A runtime starts a container also where nobody mounts anything. So this is made only of an image whose program is in
 * the store: such a container fails at once, and never starts with half of its files.
 */
import { lstat, readlink } from 'node:fs/promises'
import { asByteString } from '../../core/byte-string.ts'
import { unreadable } from '../../core/errors/unreadable.ts'
import { isObject } from '../../core/json.ts'
import { pathsOfClosure } from '../../core/nix/closure.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { LayerEntry } from '../../core/tar/segment.ts'
import { STORE_DIRECTORIES, WHITEOUT_PREFIX } from '../../layer/walk.ts'
import type { Source, SourceLayer } from '../../source/source.ts'
import { nixDatabaseEntries } from '../state/nix-database.ts'
import type { ImageRoot } from './image-root.ts'
import { startsInStore } from './starts-in-store.ts'

/**
 * Names the image's store path, in its config as a label and in its manifest as an annotation. Without it, images with
 * the same files of their own would have the same config, and runtimes take that for the same image.
 */
export const ZERO_COPY_LABEL = 'internal.pushless.zero-copy'

export type ZeroCopySource = {
  readonly source: Source
  /** The store paths that each container needs at their own names, sorted. */
  readonly mounts: readonly StorePath[]
  /** Whether its layers have the places to mount them at. */
  readonly hasPlaces: boolean
}

const DIRECTORY_MODE = 0o555
const FILE_MODE = 0o444
const STORE_DIRECTORY_NAMES: ReadonlySet<string> = new Set(STORE_DIRECTORIES.map(({ name }) => name))

/**
 * @returns nothing for an image that must have its store paths in its layers.
 * @throws RegistryError `unservable`, `unavailable`.
 */
export async function zeroCopySource(at: ImageRoot, source: Source): Promise<ZeroCopySource | undefined> {
  const { config } = source
  if (config.kind !== 'made' || source.manifest !== undefined) return undefined
  const { layers, mounts, hasPlaces } = await withoutStorePaths(at, source.layers)
  if (layers.some(hasWhiteout)) return undefined
  if (!(await startsInStore(config.config, layers, new Set(mounts), at.files))) return undefined
  const { Labels: labels } = config.config
  const label = { ...(isObject(labels) ? labels : {}), [ZERO_COPY_LABEL]: at.root }
  return {
    source: { ...source, layers, config: { ...config, config: { ...config.config, Labels: label } } },
    mounts,
    hasPlaces,
  }
}

type WithoutStorePaths = Omit<ZeroCopySource, 'source'> & { readonly layers: readonly SourceLayer[] }

/** Replaces layers of store paths by places to mount them at, which go into the next layer of files. */
async function withoutStorePaths(
  { root, closure, files }: ImageRoot,
  given: readonly SourceLayer[],
): Promise<WithoutStorePaths> {
  const nodes = new Map(closure.map((node) => [node.path, node]))
  const placed = new Set<StorePath>()
  const mounts: StorePath[] = []
  const layers: SourceLayer[] = []
  let places: LayerEntry[] = []
  let hasPlaces = given.some(({ kind }) => kind !== 'closure' && kind !== 'entries')
  for (const layer of given) {
    switch (layer.kind) {
      case 'closure': {
        const { roots = [root], except, unpacked = [] } = layer
        for (const path of roots) await files.assertMember(path)
        const wanted = pathsOfClosure(nodes, { roots, except, unpacked })
        for (const path of [...wanted].filter((path) => !placed.has(path)).sort()) {
          const place = await placeOf(path, files.fileOf(asByteString(path)))
          places.push(place)
          placed.add(path)
          if (place.kind === 'symlink') hasPlaces = true
          else mounts.push(path)
        }
        break
      }
      case 'entries':
        layers.push({ ...layer, entries: joined(places, layer.entries) })
        places = []
        break
      case 'nix database': {
        const entries = nixDatabaseEntries([...nodes.values()], placed)
        layers.push({ kind: 'entries', entries, createdBy: layer.createdBy })
        break
      }
      case 'paths':
        for (const path of layer.paths) placed.add(path)
        layers.push(layer)
        break
      case 'stored':
        layers.push(layer)
    }
  }
  mounts.sort()
  if (!hasPlaces) return { layers: given.filter(({ kind }) => kind === 'entries'), mounts, hasPlaces }
  if (places.length > 0)
    layers.push({ kind: 'entries', entries: joined(places, []), createdBy: 'places of store paths' })
  return { layers, mounts, hasPlaces }
}

/**
 * Whether a file's name would delete another file. As a tar the image is refused for the file in the store that has
 * this name too, and that is in no layer here.
 */
function hasWhiteout(layer: SourceLayer): boolean {
  if (layer.kind !== 'entries') return false
  for (const { name } of layer.entries)
    if (name.slice(name.lastIndexOf('/') + 1).startsWith(WHITEOUT_PREFIX)) return true
  return false
}

/** A link can't be mounted, and is small: it is in the image as it is. */
async function placeOf(path: StorePath, file: string | Buffer): Promise<LayerEntry> {
  const name = asByteString(path.slice(1))
  try {
    const stat = await lstat(file)
    if (stat.isSymbolicLink())
      return { kind: 'symlink', name, target: asByteString(await readlink(file, 'latin1')) }
    return stat.isDirectory()
      ? { kind: 'directory', name, mode: DIRECTORY_MODE }
      : { kind: 'file', name, mode: FILE_MODE, size: 0, content: new Uint8Array() }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function joined(places: readonly LayerEntry[], entries: Iterable<LayerEntry>): Iterable<LayerEntry> {
  if (places.length === 0) return entries
  return {
    *[Symbol.iterator]() {
      yield* STORE_DIRECTORIES
      yield* places
      for (const entry of entries) if (!STORE_DIRECTORY_NAMES.has(entry.name)) yield entry
    },
  }
}
