/**
 * The two JSON documents of an image, as bytes: these bytes are what their digests name, so key order, spacing and
 * every field are fixed here. Source: OCI image-spec, config.md and manifest.md.
 */
import { isList, type Json } from '../json.ts'
import { digestOf, type Digest } from './digest.ts'

export const MEDIA_TYPE = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  /** A file system image. Source: containerd, core/images/mediatypes.go. */
  erofsLayer: 'application/vnd.erofs.layer.v1',
} as const

/**
 * Docker's schema 2 (distribution, `manifest-v2-2.md`): the same fields under other media types. Podman and CRI-O's
 * library read a Healthcheck, OnBuild and Shell of images in this form only: the OCI config has no such fields.
 */
export const DOCKER_TYPE = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
} as const

/** Layers of OCI by what Docker calls them; it has no name for zstd. */
const DOCKER_LAYER: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.layer]: 'application/vnd.docker.image.rootfs.diff.tar',
  [`${MEDIA_TYPE.layer}+gzip`]: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}

export type Platform = { readonly architecture: string; readonly variant?: string; readonly os: string }

export type LayerDescriptor = {
  readonly digest: Digest
  /** Bytes of the blob. */
  readonly size: number
  readonly mediaType: string
  /** Digest of the tar: the blob's own, unless that is compressed. */
  readonly diffId: Digest
  /** The history that `docker history` shows. */
  readonly createdBy: string
}

export type Document = { readonly mediaType: string; readonly bytes: Uint8Array; readonly digest: Digest }

/** One second after the epoch, as every time in the Nix store: a real one would change the digest each time. */
const CREATED = '1970-01-01T00:00:01Z'

/**
 * @param config the OCI `config` object (Env, Entrypoint, …), key order irrelevant.
 * @param layers bottom first.
 * @param created RFC 3339.
 */
export function imageConfig(
  platform: Platform,
  config: { readonly [key: string]: Json },
  layers: readonly LayerDescriptor[],
  { created = CREATED, author }: { readonly created?: string; readonly author?: string } = {},
): Document {
  return jsonDocument(MEDIA_TYPE.config, {
    ...platform,
    ...(author === undefined ? {} : { author }),
    config,
    created,
    history: layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
}

export function imageManifest(
  config: Document,
  layers: readonly LayerDescriptor[],
  annotations?: { readonly [key: string]: string },
): Document {
  return jsonDocument(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    ...(annotations === undefined ? {} : { annotations }),
    config: { mediaType: config.mediaType, digest: config.digest, size: config.bytes.length },
    layers: layers.map(({ digest, size, mediaType }) => ({ mediaType, digest, size })),
  })
}

/** The manifest in Docker's form, or in OCI's where a layer is compressed by zstd. */
export function dockerManifest(config: Document, layers: readonly LayerDescriptor[]): Document {
  const types = layers.map(({ mediaType }) => DOCKER_LAYER[mediaType])
  if (types.includes(undefined)) return imageManifest({ ...config, mediaType: MEDIA_TYPE.config }, layers)
  return jsonDocument(DOCKER_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: DOCKER_TYPE.manifest,
    config: { mediaType: DOCKER_TYPE.config, digest: config.digest, size: config.bytes.length },
    layers: layers.map(({ digest, size }, i) => ({ mediaType: types[i] ?? '', digest, size })),
  })
}

export type PlatformManifest = { readonly platform: Platform; readonly manifest: Document }

/** Images of several platforms behind one name, in this order. Source: OCI image-spec, image-index.md. */
export function imageIndex(images: readonly PlatformManifest[]): Document {
  return jsonDocument(MEDIA_TYPE.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: images.map(({ platform, manifest: { mediaType, digest, bytes } }) => ({
      mediaType,
      digest,
      size: bytes.length,
      platform,
    })),
  })
}

/** The index that is returned for an image without referrers (end-12 of the specification). */
export const EMPTY_INDEX: Document = jsonDocument(MEDIA_TYPE.index, {
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.index,
  manifests: [],
})

/** A document that was made elsewhere, byte by byte as it is. */
export function givenDocument(mediaType: string, bytes: Uint8Array): Document {
  return { mediaType, bytes, digest: digestOf(bytes) }
}

/** A document with its keys in byte order, so that one value has the same bytes each time. */
export function jsonDocument(mediaType: string, value: Json): Document {
  const bytes = Buffer.from(JSON.stringify(sorted(value)))
  return { mediaType, bytes, digest: digestOf(bytes) }
}

/** The same value with every object's keys in byte order. */
function sorted(value: Json): Json {
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map(sorted)
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
