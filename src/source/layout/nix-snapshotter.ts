/**
 * An image of nix-snapshotter: an OCI archive whose own layer holds empty places for store paths, which its annotations
 * name, and which its snapshotter would mount there. Served to everyone as an ordinary image: the archive's layers as
 * they are, and above each such layer the store paths that it leaves room for.
 *
 * Format: pdtpartners/nix-snapshotter, pkg/nix2container/generate.go; the archive is containerd's `archive.Export`.
 */
import type { Json } from '../../core/json.ts'
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { readConfig } from '../../core/oci/given-config.ts'
import { MEDIA_TYPE } from '../../core/oci/image.ts'
import { readIndex, readManifest, type Descriptor } from '../../core/oci/oci-document.ts'
import { parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import { parseObject } from '../files/json-file.ts'
import { blobName, readDocument, type LayoutFiles } from './layout-files.ts'
import type { Source, SourceLayer, StoredPlace } from '../source.ts'

const NIX_LAYER = 'containerd.io/snapshot/nix-layer'
const STORE_PATH_PREFIX = 'containerd.io/snapshot/nix-store-path.'
/** The same as nix/image.nix sets; a base image's layers come on top. Part of the image's identity. */
const MAX_LAYERS = 60

const Config = validatorOf(
  Type.Object({
    config: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    created: Type.Optional(Type.String()),
  }),
)

/** @returns nothing when the layout is no such image. @throws RegistryError `unservable` when it is a broken one. */
export async function snapshotterImage(files: LayoutFiles): Promise<Source | undefined> {
  const index = await documentNamed(files, 'index.json')
  // containerd exports one image; other layouts are read by oci-layout.ts.
  const [descriptor, ...others] = index === undefined ? [] : readIndex(files.root, index, undefined).manifests
  if (descriptor?.mediaType !== MEDIA_TYPE.manifest || others.length > 0) return undefined
  const bytes = await documentNamed(files, blobName(descriptor.digest))
  const manifest = bytes === undefined ? undefined : readManifest(files.root, bytes, descriptor.mediaType)
  if (manifest === undefined || !manifest.layers.some(isNixLayer)) return undefined
  const configName = blobName(manifest.config.digest)
  const configBytes = (await documentNamed(files, configName)) ?? refuse(files, `${configName} is missing`)
  const { platform, diffIds } = readConfig(files.root, configBytes)
  if (diffIds.length !== manifest.layers.length)
    refuse(files, `its config has ${diffIds.length} diff_ids for ${manifest.layers.length} layers`)
  const value = parseObject(files.root, configBytes)
  if (!Config.Check(value)) refuse(files, 'its config has commands or variables that are not lists of texts')
  const { config = {}, created } = value
  const places = await Promise.all(manifest.layers.map((layer) => placeOf(files, layer)))
  return {
    kind: 'image',
    format: 'nix-snapshotter image',
    config: {
      kind: 'made',
      platform,
      // Came out of JSON.parse, so it is JSON.
      config: config as { readonly [key: string]: Json },
      ...(created === undefined ? {} : { created }),
    },
    layers: layersOf(files, manifest.layers, places, diffIds),
  }
}

function layersOf(
  files: LayoutFiles,
  descriptors: readonly Descriptor[],
  places: readonly StoredPlace[],
  diffIds: readonly Digest[],
): readonly SourceLayer[] {
  const placed = new Set<StorePath>()
  return places.flatMap((place, i): readonly SourceLayer[] => {
    const descriptor = descriptors[i]
    const diffId = diffIds[i]
    if (descriptor === undefined || diffId === undefined) return []
    const { digest, mediaType } = descriptor
    const createdBy = isNixLayer(descriptor) ? 'nix-snapshotter' : 'base image'
    const stored = { kind: 'stored', place, digest, diffId, mediaType, createdBy } as const
    // Above their layer: what leaves room for a file is an empty file, which would hide the real one.
    const roots = storePathsOf(files, descriptor).filter((path) => !placed.has(path))
    for (const path of roots) placed.add(path)
    if (roots.length === 0) return [stored]
    return [stored, { kind: 'closure', maxLayers: MAX_LAYERS, except: [], roots }]
  })
}

function isNixLayer({ annotations = {} }: Descriptor): boolean {
  return annotations[NIX_LAYER] === 'true'
}

function storePathsOf(files: LayoutFiles, descriptor: Descriptor): readonly StorePath[] {
  if (!isNixLayer(descriptor)) return []
  return Object.entries(descriptor.annotations ?? {})
    .filter(([key]) => key.startsWith(STORE_PATH_PREFIX))
    .map(([, text]) => parseStorePath(text) ?? refuse(files, `not a store path: ${text.slice(0, 300)}`))
}

async function placeOf(files: LayoutFiles, { digest }: Descriptor): Promise<StoredPlace> {
  return (await files.find(blobName(digest))) ?? refuse(files, `${blobName(digest)} is missing`)
}

async function documentNamed(files: LayoutFiles, name: string): Promise<Buffer | undefined> {
  const place = await files.find(name)
  return place === undefined ? undefined : readDocument(files, name, place)
}

function refuse({ root }: LayoutFiles, why: string): never {
  throw new RegistryError('unservable', `${root}: ${why}`)
}
