/**
 * The index of an image for several platforms, each of which is an image with a name of its own (source/
 * multi-platform-image.ts). An index names its manifests by digest, so an image has to be made before the index can be;
 * but only once: its digest is remembered, and from then on it is made when a client asks for it.
 *
 * A platform that can't be had here (no builder for its system, no such path, not allowed) is left out and logged, or a
 * cluster of one kind of machines could run nothing that also exists for another. That makes the index's digest a
 * matter of what this installation can build, and not of chance: a build that fails, or a cache that doesn't answer, is
 * an error. The index with fewer platforms stays pullable by its digest when there are more, anywhere
 * (`documentIn`), and a change of the digest is logged. Replicas must have the same builders, or must have this off.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import {
  MEDIA_TYPE,
  imageIndex,
  type Document,
  type Platform,
  type PlatformManifest,
} from '../../core/oci/image.ts'
import { readManifest } from '../../core/oci/oci-document.ts'
import { fits, platformName } from '../../core/oci/platform.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { NamedImage, PlatformList } from '../../source/source.ts'
import type { DigestIndex } from '../state/digest-index.ts'
import type { Image } from './image.ts'
import { nameInForm, type ImageForm } from './image-form.ts'
import { imageFor, type ImageIndex, type IndexImage, type Artifact } from './image-index.ts'

export type PlatformParts = {
  readonly index: DigestIndex
  /** The form of the index's images. */
  readonly form: ImageForm
  /** Whether an index may lack platforms that can't be had here. */
  readonly partialIndex: boolean
  /** Fetches, builds and hashes it if need be. */
  readonly make: (image: NamedImage) => Promise<Artifact>
  /** Whether it could be made without fetching or building. */
  readonly isThere: (image: NamedImage) => Promise<boolean>
  /** Its digest isn't what it was when the index was made. */
  readonly onChanged: () => void
}

/** Kinds of failures that waiting doesn't change. */
const NOT_TO_BE_HAD: ReadonlySet<RegistryError['kind']> = new Set(['no-builder', 'denied', 'name-unknown'])

/** @throws RegistryError of any kind: the first platform's, where none can be had. */
export async function platformIndex(
  root: StorePath,
  { format, platforms }: PlatformList,
  parts: PlatformParts,
): Promise<ImageIndex> {
  const found = await Promise.allSettled(
    platforms.map(async ({ platform, image }) => indexImage(platform, image, parts)),
  )
  const images = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failures = found.flatMap((one, i) =>
    one.status === 'rejected'
      ? [{ platform: platforms[i]?.platform ?? {}, error: one.reason as unknown }]
      : [],
  )
  const fatal =
    failures.find(({ error }) => !parts.partialIndex || !canBeLeftOut(error)) ??
    (images.length === 0 ? failures[0] : undefined)
  if (fatal !== undefined) throw named(platformName(fatal.platform), fatal.error)
  const manifest = imageIndex(images)
  return {
    kind: 'index',
    root,
    format,
    manifest,
    documents: [manifest],
    images,
    missing: failures.map(({ platform, error }) => `${platformName(platform)}: ${messageOf(error)}`),
  }
}

async function indexImage(
  platform: Platform,
  named: NamedImage,
  parts: PlatformParts,
): Promise<IndexImage & PlatformManifest> {
  const path = named.kind === 'path' ? named.path : `${named.derivation}!${named.output}`
  const name = nameInForm(path, parts.form)
  const make = async () => imageOf(await parts.make(named), platform)
  const known = parts.index.latest(name)
  const bytes = known === undefined ? undefined : parts.index.manifest(known)?.bytes
  if (known !== undefined && bytes !== undefined && !(await parts.isThere(named))) {
    const manifest: Document = { mediaType: mediaTypeOf(bytes), bytes, digest: known }
    const { config, layers } = readManifest(name, bytes, manifest.mediaType)
    return {
      manifest,
      platform,
      blobs: new Set([config, ...layers].map(({ digest }) => digest)),
      make: () => makeUnchanged(make, manifest, name, parts),
    }
  }
  const image = await make()
  parts.index.putManifest(image.root, image.manifest)
  parts.index.putLatest(name, image.manifest.digest)
  return {
    manifest: image.manifest,
    platform,
    blobs: new Set([image.config.digest, ...image.layerByDigest.keys()]),
    // Again, since it may have been collected since.
    make: () => makeUnchanged(make, image.manifest, name, parts),
  }
}

/** @throws RegistryError `manifest-unknown` for an image that was made anew, and otherwise. */
async function makeUnchanged(
  make: () => Promise<Image>,
  { digest }: Document,
  name: string,
  { index, onChanged }: PlatformParts,
): Promise<Image> {
  const image = await make()
  if (image.manifest.digest === digest) return image
  index.putManifest(image.root, image.manifest)
  index.putLatest(name, image.manifest.digest)
  onChanged()
  throw new RegistryError(
    'manifest-unknown',
    'this manifest was served before, and the store path has other contents now: pull by tag',
    { detail: { digest, path: image.root } },
  )
}

/** @throws RegistryError `unservable` for an image of another platform. */
async function imageOf(artifact: Artifact, platform: Platform): Promise<Image> {
  if (artifact.kind === 'index') return imageFor(artifact, platform)
  if (artifact.platform !== undefined && fits(artifact.platform, platform)) return artifact
  const found = artifact.platform === undefined ? 'no image' : platformName(artifact.platform)
  throw new RegistryError(
    'unservable',
    `${artifact.root}: is said to be for ${platformName(platform)}, and is ${found}`,
  )
}

function mediaTypeOf(bytes: Uint8Array): string {
  const value = JSON.parse(Buffer.from(bytes).toString()) as { readonly mediaType?: string }
  return value.mediaType ?? MEDIA_TYPE.manifest
}

function canBeLeftOut(error: unknown): boolean {
  return error instanceof RegistryError && NOT_TO_BE_HAD.has(error.kind)
}

function named(platform: string, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error
  const { kind, message, facts } = error
  return new RegistryError(kind, `${message} (for ${platform})`, {
    ...facts,
    cause: error,
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
