/**
 * An index and the images that it names. It is answered before its images are made: a client asks for one of them, and
 * only that one is hashed, fetched or built, when its manifest is asked for.
 */
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import {
  MEDIA_TYPE,
  imageIndex,
  type Document,
  type Platform,
  type PlatformManifest,
} from '../../core/oci/image.ts'
import { fits, platformName } from '../../core/oci/platform.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { SourceFormat } from '../../source/source.ts'
import type { ImageForm } from './image-form.ts'
import type { Image } from './image.ts'

export type ImageIndex = {
  readonly root: StorePath
  readonly kind: 'index'
  readonly format: SourceFormat
  /** The index: what a tag gives. */
  readonly manifest: Document
  /** It, and the indexes that it names. */
  readonly documents: readonly Document[]
  readonly images: readonly IndexImage[]
  /** Platforms that it should have, and that can't be had here now. */
  readonly missing: readonly string[]
}

export type IndexImage = {
  readonly manifest: Document
  readonly platform: Partial<Platform> | undefined
  /** Digests of config and layers. */
  readonly blobs: ReadonlySet<Digest>
  /** Made at the first call, the same at others. @throws RegistryError of any kind. */
  readonly make: () => Promise<Image>
}

export type Artifact = Image | ImageIndex

/** The platform for clients that don't accept an index, as in distribution (registry/handlers/manifests.go). */
const OLD_CLIENTS_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' }
/** 255 indexes are made in milliseconds. */
const MAX_SUBSET_OF = 8

/** The image itself, or the index's one for a platform. @throws RegistryError of any kind. */
export async function onlyImage(artifact: Artifact, platform = OLD_CLIENTS_PLATFORM): Promise<Image> {
  return artifact.kind === 'index' ? imageFor(artifact, platform) : artifact
}

/** @throws RegistryError `manifest-unknown` where the index has none for it, or of any kind. */
export async function imageFor({ root, images }: ImageIndex, wanted: Platform): Promise<Image> {
  const found = images.find(({ platform }) => platform !== undefined && fits(platform, wanted))
  if (found !== undefined) return found.make()
  throw new RegistryError('manifest-unknown', `no image for ${platformName(wanted)}`, {
    detail: {
      path: root,
      platforms: images.flatMap(({ platform }) => (platform === undefined ? [] : [platformName(platform)])),
    },
  })
}

/** The manifest or index with this digest, its image made. @throws RegistryError of any kind. */
export async function manifestIn(artifact: Artifact, digest: Digest): Promise<Document | undefined> {
  if (artifact.manifest.digest === digest) return artifact.manifest
  if (artifact.kind !== 'index') return undefined
  const image = artifact.images.find(({ manifest }) => manifest.digest === digest)
  if (image !== undefined) return (await image.make()).manifest
  return documentIn(artifact, digest)
}

/** The image or index with this digest, made. @throws RegistryError of any kind. */
export async function artifactIn(artifact: Artifact, digest: Digest): Promise<Artifact | undefined> {
  if (artifact.manifest.digest === digest) return artifact
  if (artifact.kind !== 'index') return undefined
  return artifact.images.find(({ manifest }) => manifest.digest === digest)?.make()
}

/** @throws RegistryError `unservable` for an artifact whose layers, or those of one of its images, have another form. */
export function demandForm(artifact: Artifact, form: ImageForm): void {
  const isInForm =
    artifact.kind === 'index'
      ? artifact.images.every(({ manifest }) => isErofs(manifest) === (form !== 'tar'))
      : artifact.form === form
  if (!isInForm) throw formRefusal(artifact.root)
}

/** The refusal of an image for the tag `erofs`. */
export function formRefusal(root: StorePath): RegistryError {
  return new RegistryError(
    'unservable',
    `${root}: its layers were made elsewhere as tar, so it has none in EROFS. Its tag nix has them as they are`,
  )
}

/** A manifest holds media types, digests and sizes, and no text of the image. */
function isErofs({ bytes }: Document): boolean {
  return Buffer.from(bytes).includes(MEDIA_TYPE.erofsLayer)
}

/** The image that has this blob, made. @throws RegistryError of any kind. */
export async function imageWithBlob(artifact: Artifact, digest: Digest): Promise<Image | undefined> {
  if (artifact.kind !== 'index') return hasBlob(artifact, digest) ? artifact : undefined
  const image = artifact.images.find(({ manifest, blobs }) => manifest.digest === digest || blobs.has(digest))
  return image?.make()
}

/** An index in it, or one that was made of it when fewer of its platforms could be had, here or on another machine. */
export function documentIn({ documents, images, format }: ImageIndex, digest: Digest): Document | undefined {
  const found = documents.find((document) => document.digest === digest)
  if (found !== undefined || format !== 'multi-platform image') return found
  for (const some of subsets(images)) {
    const document = imageIndex(some)
    if (document.digest === digest) return document
  }
  return undefined
}

function* subsets(images: readonly IndexImage[]): Generator<readonly PlatformManifest[]> {
  const all = images.flatMap(({ manifest, platform: { os, architecture, variant } = {} }) =>
    os === undefined || architecture === undefined
      ? []
      : [{ manifest, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } }],
  )
  if (all.length > MAX_SUBSET_OF) return
  for (let mask = 1; mask < 2 ** all.length - 1; mask++) yield all.filter((_, i) => (mask & (1 << i)) !== 0)
}

function hasBlob({ layerByDigest, config, manifest }: Image, digest: Digest): boolean {
  return layerByDigest.has(digest) || config.digest === digest || manifest.digest === digest
}
