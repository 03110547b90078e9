/**
 * An image of nix-snapshotter: an OCI archive whose own layer holds empty places for store paths, which its annotations
 * name, and which its snapshotter would mount there. Served to everyone as an ordinary image: the archive's layers as
 * they are, and above each such layer the store paths that it leaves room for.
 *
 * Format: pdtpartners/nix-snapshotter, pkg/nix2container/generate.go; the archive is containerd's `archive.Export`.
 */
import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { parseDigest, type Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import { MEDIA_TYPE, type Json } from '../core/image.ts'
import { parseStorePath, type StorePath } from '../core/store-path.ts'
import { layoutFiles, tarFiles, type BlobFiles } from './blob-files.ts'
import type { Source, SourceLayer } from './source.ts'

const NIX_LAYER = 'containerd.io/snapshot/nix-layer'
const STORE_PATH_PREFIX = 'containerd.io/snapshot/nix-store-path.'
/** The same as nix/image.nix sets; a base image's layers come on top. Part of the image's identity. */
const MAX_LAYERS = 60

const Descriptor = Type.Object({
  mediaType: Type.String(),
  digest: Type.String(),
  annotations: Type.Optional(Type.Union([Type.Null(), Type.Record(Type.String(), Type.String())])),
})
type Descriptor = Static<typeof Descriptor>
const Index = Type.Object({ manifests: Type.Array(Descriptor, { minItems: 1 }) })
const Manifest = Type.Object({ config: Descriptor, layers: Type.Array(Descriptor) })
const Config = Type.Object({
  architecture: Type.String({ minLength: 1 }),
  variant: Type.Optional(Type.String()),
  os: Type.Literal('linux'),
  config: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  created: Type.Optional(Type.String()),
  rootfs: Type.Object({ diff_ids: Type.Array(Type.String()) }),
})

/** @returns nothing when the path is no such image. @throws RegistryError `unservable` when it is a broken one. */
export async function snapshotterImage(
  root: StorePath,
  kind: 'file' | 'directory',
): Promise<Source | undefined> {
  const files = await (kind === 'file' ? tarFiles(root) : layoutFiles(root))
  if (files === undefined || (await files.place('index.json')) === undefined) return undefined
  // Whatever else is wrong with a layout is for the kind that reads all of them to say.
  const manifestPlace = await firstManifest(files)
  if (manifestPlace === undefined) return undefined
  const manifest = parsed(root, 'manifest', Manifest, manifestPlace)
  if (manifest?.layers.some(isNixLayer) !== true) return undefined
  const config = parsed(root, 'config', Config, await files.read(blobName(root, manifest.config)))
  if (config === undefined) refuse(root, 'its config is none')
  const { architecture, variant, os, created, rootfs } = config
  if (rootfs.diff_ids.length !== manifest.layers.length)
    refuse(root, `its config has ${rootfs.diff_ids.length} diff_ids for ${manifest.layers.length} layers`)
  return {
    kind: 'nix-snapshotter image',
    config: {
      kind: 'made',
      platform: { architecture, ...(variant === undefined ? {} : { variant }), os },
      // Came out of JSON.parse, so it is JSON.
      config: (config.config ?? {}) as { readonly [key: string]: Json },
      ...(created === undefined ? {} : { created }),
    },
    layers: await layersOf(root, files, manifest.layers, rootfs.diff_ids),
  }
}

async function layersOf(
  root: StorePath,
  files: BlobFiles,
  descriptors: readonly Descriptor[],
  diffIds: readonly string[],
): Promise<readonly SourceLayer[]> {
  const layers: SourceLayer[] = []
  const placed = new Set<StorePath>()
  for (const [i, descriptor] of descriptors.entries()) {
    const name = blobName(root, descriptor)
    const place = (await files.place(name)) ?? refuse(root, `${name} is missing`)
    layers.push({
      kind: 'stored',
      place,
      digest: digest(root, descriptor.digest),
      diffId: digest(root, diffIds[i] ?? ''),
      mediaType: descriptor.mediaType,
      createdBy: isNixLayer(descriptor) ? 'nix-snapshotter' : 'base image',
    })
    // Above their layer: what leaves room for a file is an empty file, which would hide the real one.
    const only = storePathsOf(root, descriptor).filter((path) => !placed.has(path))
    for (const path of only) placed.add(path)
    if (only.length > 0) layers.push({ kind: 'closure', maxLayers: MAX_LAYERS, except: [], only })
  }
  return layers
}

function isNixLayer({ annotations }: Descriptor): boolean {
  return annotations?.[NIX_LAYER] === 'true'
}

function storePathsOf(root: StorePath, descriptor: Descriptor): readonly StorePath[] {
  if (!isNixLayer(descriptor)) return []
  return Object.entries(descriptor.annotations ?? {})
    .filter(([key]) => key.startsWith(STORE_PATH_PREFIX))
    .map(([, text]) => parseStorePath(text) ?? refuse(root, `not a store path: ${text.slice(0, 300)}`))
}

/** The bytes of the first image manifest, with nothing said where there is none. */
async function firstManifest(files: BlobFiles): Promise<Buffer | undefined> {
  const index = tryParse(Index, await files.read('index.json'))
  const image = index?.manifests.find(({ mediaType }) => mediaType === MEDIA_TYPE.manifest)
  const hex = image === undefined ? undefined : /^sha256:([0-9a-f]{64})$/.exec(image.digest)?.[1]
  if (hex === undefined || (await files.place(`blobs/sha256/${hex}`)) === undefined) return undefined
  return files.read(`blobs/sha256/${hex}`)
}

function blobName(root: StorePath, descriptor: Descriptor): string {
  return `blobs/${digest(root, descriptor.digest).replace(':', '/')}`
}

function parsed<T extends TSchema>(root: StorePath, what: string, schema: T, bytes: Buffer): Static<T> {
  return tryParse(schema, bytes) ?? refuse(root, `its ${what} is none`)
}

function tryParse<T extends TSchema>(schema: T, bytes: Buffer): Static<T> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return Compile(schema).Check(value) ? (value as Static<T>) : undefined
  } catch {
    return undefined
  }
}

function digest(root: StorePath, text: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    throw new RegistryError('unservable', `${root}: not a digest: ${text.slice(0, 100)}`, { cause })
  }
}

function refuse(root: StorePath, why: string): never {
  throw new RegistryError('unservable', `${root}: ${why}`)
}
