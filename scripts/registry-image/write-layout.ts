/**
 * Writes the registry's image as an OCI layout: an index, its images with compressed layers, and about each of them an
 * SBOM and its provenance as referrers. Those are made after the compression, since they name digests. Their manifests
 * stand in index.json too, where oras looks for them.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  MEDIA_TYPE,
  imageIndex,
  imageManifest,
  type Document,
  type PlatformManifest,
} from '../../src/core/oci/image.ts'
import { digestOf } from '../../src/core/oci/digest.ts'
import type { Json } from '../../src/core/json.ts'
import { storeHashOf, storeNameOf, parseStorePath } from '../../src/core/nix/store-path.ts'
import { Insights } from '../../src/insight/insights.ts'
import { EMPTY_CONFIG, FORMS, descriptor, referrer } from '../../src/insight/referrers/referrer.ts'
import { openRegistry } from '../../src/open-registry.ts'
import type { Image } from '../../src/registry/artifact/image.ts'
import type { ImageLayer } from '../../src/registry/artifact/image-root.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { readSettings } from '../../src/settings/read-settings.ts'
import { LayoutWriter } from './layout-writer.ts'

const NO_HOLD_MS = 3_600_000
const REF_NAME = 'org.opencontainers.image.ref.name'

export type WrittenPlatform = {
  readonly architecture: string
  readonly digest: string
  /** Bytes of the layers as tar, and as they are in the layout. */
  readonly unpacked: number
  readonly compressed: number
}

/**
 * @param image store path of the image for several platforms.
 * @param directory not there yet.
 * @param tag by which tools find the index in the layout.
 */
export async function writeLayout(
  image: string,
  directory: string,
  tag: string,
): Promise<{ readonly digest: string; readonly platforms: readonly WrittenPlatform[] }> {
  const root = parseStorePath(image)
  if (root === undefined) throw new Error(`not a store path: ${image}`)
  const state = await mkdtemp(join(tmpdir(), 'pushless-layout-'))
  const settings = readSettings({ PUSHLESS_STATE: state }, process.env, process.getuid?.() === 0)
  const { registry, store, journal, close } = await openRegistry(
    { ...settings, keepDays: 0 },
    { holdMs: NO_HOLD_MS, onRootTrouble: () => undefined },
  )
  const insights = new Insights({ registry, store, journal, key: undefined, supplier: settings.supplier })
  try {
    const artifact = await registry.artifact({ storeHash: storeHashOf(root), slug: storeNameOf(root) }, 'nix')
    if (artifact.kind !== 'index') throw new Error(`${image}: expected an image for several platforms`)
    const writer = await LayoutWriter.open(directory)
    const images: (PlatformManifest & WrittenPlatform)[] = []
    const referrers: Json[] = []
    for (const { make } of artifact.images) {
      const made = await make()
      if (made.platform === undefined) throw new Error(`${made.root}: it states no platform`)
      const written = await writeImage(writer, registry, made)
      referrers.push(...(await writeReferrers(writer, insights, written)))
      const { architecture } = made.platform
      const { manifest } = written
      images.push({
        platform: made.platform,
        manifest,
        architecture,
        digest: manifest.digest,
        unpacked: sizeOf(made.layers),
        compressed: sizeOf(written.layers),
      })
    }
    const index = imageIndex(images)
    await writer.document(index)
    await writer.index([{ ...descriptor(index), annotations: { [REF_NAME]: tag } }, ...referrers])
    return {
      digest: index.digest,
      platforms: images.map(({ architecture, digest, unpacked, compressed }) => ({
        architecture,
        digest,
        unpacked,
        compressed,
      })),
    }
  } finally {
    await close()
    await rm(state, { recursive: true, force: true })
  }
}

/** @returns the image as it is in the layout. Its config is the same, since that names layers by their tar. */
async function writeImage(writer: LayoutWriter, registry: Registry, image: Image): Promise<Image> {
  const reference = { storeHash: storeHashOf(image.root), slug: storeNameOf(image.root) }
  const layers: ImageLayer[] = []
  for (const layer of image.layers) {
    const blob = await registry.blob(reference, layer.digest)
    const written = await writer.layer(blob.read({ start: 0, end: blob.size }))
    layers.push({ ...layer, ...written, mediaType: `${MEDIA_TYPE.layer}+gzip` })
  }
  const manifest = imageManifest(image.config, layers)
  for (const document of [image.config, manifest]) await writer.document(document)
  return { ...image, manifest, layers, layerByDigest: new Map(layers.map((layer) => [layer.digest, layer])) }
}

/** @returns descriptors of their manifests. */
async function writeReferrers(writer: LayoutWriter, insights: Insights, image: Image): Promise<Json[]> {
  const descriptors: Json[] = []
  await writer.document(EMPTY_CONFIG)
  for (const form of FORMS.filter(({ document }) => document.kind === 'plain')) {
    const bytes = await insights.document(image, form.document)
    const { manifest, artifactType, annotations } = referrer(form, bytes, image.manifest)
    const documents: readonly Pick<Document, 'digest' | 'bytes'>[] = [
      { digest: digestOf(bytes), bytes },
      manifest,
    ]
    for (const document of documents) await writer.document(document)
    descriptors.push({ ...descriptor(manifest), artifactType, annotations })
  }
  return descriptors
}

function sizeOf(layers: readonly ImageLayer[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0)
}
