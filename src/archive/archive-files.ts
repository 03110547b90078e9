/**
 * The files of an archive, before any byte of a layer is read: documents made here, and layers by their digests. The
 * same images give the same files in the same order.
 *
 * `docker-archive` is what `docker save` writes since version 25: an OCI layout, with a `manifest.json` beside it for
 * clients that know only Docker's own format. So every client takes it, and those that read the layout keep the digests
 * that the registry serves. Sources: OCI image-spec, image-layout.md and annotations.md; moby, image/tarexport/save.go.
 */
import { MEDIA_TYPE, type Document } from '../core/oci/image.ts'
import type { Digest } from '../core/oci/digest.ts'
import type { Reference } from '../core/oci/reference.ts'
import type { Image } from '../registry/artifact/image.ts'
import { canonicalName } from './archive-name.ts'

export const FORMATS = ['docker-archive', 'oci-archive', 'oci'] as const
/** Names that skopeo has for them; `oci` is a directory. */
export type Format = (typeof FORMATS)[number]

export type Exported = {
  readonly name: string
  /** The reference of the image. Its blobs are read by it. */
  readonly reference: Reference
  /** The manifest that the name means. For an image for several platforms, that of the platform that is written. */
  readonly top: Document
  readonly images: readonly Image[]
}

export type ArchiveFile =
  | { readonly kind: 'bytes'; readonly name: string; readonly size: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'layer'
      readonly name: string
      readonly size: number
      readonly digest: Digest
      readonly reference: Reference
    }

/** The annotation by which containerd and podman name an imported image. It goes before the specification's own. */
const CONTAINERD_NAME = 'io.containerd.image.name'
const REF_NAME = 'org.opencontainers.image.ref.name'

/** Small ones first, then of each image the manifest, the config and the layers, bottom first; no blob twice. */
export function archiveFiles(exported: readonly Exported[], format: Format): readonly ArchiveFile[] {
  const files = [
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: exported.map(descriptorOf),
    }),
    ...(format === 'docker-archive' ? [json('manifest.json', exported.flatMap(dockerImages))] : []),
    ...exported.flatMap(blobsOf),
  ]
  return [...new Map(files.map((file) => [file.name, file])).values()]
}

function blobsOf({ reference, top, images }: Exported): readonly ArchiveFile[] {
  const layers = (image: Image) =>
    image.layers.map(({ digest, size }): ArchiveFile => ({
      kind: 'layer',
      name: blobName(digest),
      size,
      digest,
      reference,
    }))
  return [
    blobOf(top),
    ...images.flatMap((image) => [blobOf(image.manifest), blobOf(image.config), ...layers(image)]),
  ]
}

function descriptorOf({ name, top, images }: Exported): object {
  const [image, ...others] = images
  const platform = image !== undefined && others.length === 0 ? { platform: image.platform } : {}
  return {
    mediaType: top.mediaType,
    digest: top.digest,
    size: top.bytes.length,
    // The whole name in both, since several images may have the same tag, and podman 3 knows only the second.
    annotations: { [CONTAINERD_NAME]: canonicalName(name), [REF_NAME]: name },
    ...platform,
  }
}

/** Docker's format has no indexes, so an image for several platforms has no form in it yet. */
function dockerImages({ name, images }: Exported): readonly object[] {
  return images.map(({ config, layers }) => ({
    Config: blobName(config.digest),
    RepoTags: [name],
    Layers: layers.map(({ digest }) => blobName(digest)),
  }))
}

function blobOf({ digest, bytes }: Document): ArchiveFile {
  return { kind: 'bytes', name: blobName(digest), size: bytes.length, bytes }
}

function blobName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`
}

function json(name: string, value: object): ArchiveFile {
  const bytes = Buffer.from(JSON.stringify(value))
  return { kind: 'bytes', name, size: bytes.length, bytes }
}
