/**
 * An OCI layout: `oci-layout`, `index.json` and `blobs/`, in a directory or a tar of one; also what `docker save`
 * writes since version 25, which has a `manifest.json` for older readers beside them. Source: OCI image-spec, image-
 * layout.md.
 *
 * All is served as it is: documents byte by byte, blobs as slices of their files, with their own digests and media
 * types. What is said is believed only of the tars within compressed layers (`diff_ids`), which nobody unpacks here;
 * every other digest is checked, documents here and layers when they are first hashed.
 */
import type { Digest } from '../../core/oci/digest.ts'
import { digestOf } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { readConfig } from '../../core/oci/given-config.ts'
import type { Document } from '../../core/oci/image.ts'
import {
  INDEX_TYPES,
  MANIFEST_TYPES,
  isImageManifest,
  readIndex,
  readManifest,
  type Descriptor,
} from '../../core/oci/oci-document.ts'
import { blobName, readDocument, type LayoutFiles } from './layout-files.ts'
import { chooseDescriptors, tagsIn } from './layout-tags.ts'
import type { IndexedImage, LayoutIndex, Source, SourceOptions, StoredLayer, StoredPlace } from '../source.ts'

/** `imageLayoutVersion`: 1.0.0 is the only one there is; a later 1.x would be one that its readers may read. */
const LAYOUT_VERSION = /"imageLayoutVersion"\s*:\s*"1\./
/** Indexes in indexes: builders make one in `index.json`, and some one more around it. */
const MAX_DEPTH = 5
/** Manifests and indexes of one layout, and their bytes: far beyond any image's, and held in memory. */
const MAX_DOCUMENTS = 500
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

/** A layout that is being read. */
type Reading = {
  readonly files: LayoutFiles
  readonly documents: Map<Digest, Document>
  readonly images: Map<Digest, IndexedImage>
  bytes: number
}

/** @throws RegistryError `manifest-unknown` for a tag that it hasn't, `unservable` for a broken layout. */
export async function readLayout(files: LayoutFiles, { tag }: SourceOptions): Promise<Source | LayoutIndex> {
  const reading: Reading = { files, documents: new Map(), images: new Map(), bytes: 0 }
  const mark = await read(reading, 'oci-layout')
  if (!LAYOUT_VERSION.test(mark.toString())) refuse(files, 'oci-layout is of a version that is not read here')
  const bytes = await read(reading, 'index.json')
  const { mediaType, manifests } = readIndex(`${files.root}: index.json`, bytes, undefined)
  if (manifests.length === 0) refuse(files, 'an OCI layout without a manifest')
  const tags = tagsIn(manifests)
  const chosen = chooseDescriptors(manifests, tag)
  if (chosen === undefined)
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag: tag ?? '', tags } })
  if (chosen.kind === 'all') {
    const document = { mediaType, bytes, digest: digestOf(bytes) }
    return { ...(await indexOf(reading, document, manifests)), tags }
  }
  const { descriptor } = chosen
  const document = await readBlob(reading, descriptor)
  if (document === undefined) refuse(files, `blob missing: ${descriptor.digest}`)
  if (INDEX_TYPES.includes(descriptor.mediaType)) {
    const name = nameOf(files, descriptor)
    const nested = readIndex(name, document.bytes, descriptor.mediaType)
    return { ...(await indexOf(reading, document, nested.manifests)), tags }
  }
  const image = imageOf(reading, descriptor, document)
  return { ...(await image.read()), tags }
}

async function indexOf(
  reading: Reading,
  document: Document,
  manifests: readonly Descriptor[],
): Promise<Omit<LayoutIndex, 'tags'>> {
  reading.documents.set(document.digest, document)
  await descend(reading, manifests, 1)
  const { files, documents, images } = reading
  if (images.size === 0) refuse(files, 'an index of images, none of which is here')
  return {
    kind: 'index',
    format: 'OCI layout',
    index: document,
    documents: [...documents.values()],
    images: [...images.values()],
  }
}

/**
 * Reads what an index names, and what indexes in it name. A manifest that isn't here is left out: `docker save` and
 * copies of one platform keep the whole index, and so its digest. Clients never ask for what isn't of their platform.
 */
async function descend(reading: Reading, manifests: readonly Descriptor[], depth: number): Promise<void> {
  const { files, documents, images } = reading
  if (depth > MAX_DEPTH) refuse(files, `indexes within indexes, more than ${MAX_DEPTH} deep`)
  for (const descriptor of manifests) {
    const { digest, mediaType } = descriptor
    const isIndex = INDEX_TYPES.includes(mediaType)
    // Of a media type that isn't known an index may have anything; clients are told to pass it over.
    if (documents.has(digest) || images.has(digest) || (!isIndex && !MANIFEST_TYPES.includes(mediaType)))
      continue
    const document = await readBlob(reading, descriptor)
    if (document === undefined) continue
    if (isIndex) {
      documents.set(digest, document)
      const nested = readIndex(nameOf(files, descriptor), document.bytes, mediaType)
      await descend(reading, nested.manifests, depth + 1)
    } else images.set(digest, imageOf(reading, descriptor, document))
  }
}

function imageOf(reading: Reading, descriptor: Descriptor, document: Document): IndexedImage {
  const { files } = reading
  const name = nameOf(files, descriptor)
  if (!MANIFEST_TYPES.includes(descriptor.mediaType)) refuse(files, `${name}: neither an image nor an index`)
  const manifest = readManifest(name, document.bytes, descriptor.mediaType)
  const { config, layers } = manifest
  const read = async (): Promise<Source> => {
    const isImage = isImageManifest(manifest)
    const bytes = await readBlob(reading, config)
    if (bytes === undefined) refuse(files, `blob missing: ${config.digest}`)
    const diffIds = isImage ? readConfig(files.root, bytes.bytes).diffIds : []
    const stored = await Promise.all(layers.map((layer, i) => layerOf(reading, layer, diffIds[i])))
    return {
      kind: 'image',
      format: 'OCI layout',
      config: { kind: isImage ? 'given' : 'opaque', bytes: bytes.bytes, mediaType: config.mediaType },
      layers: stored,
      manifest: document,
    }
  }
  return {
    manifest: document,
    platform: descriptor.platform,
    blobs: new Set([config.digest, ...layers.map(({ digest }) => digest)]),
    read,
  }
}

async function layerOf(
  { files }: Reading,
  layer: Descriptor,
  diffId: Digest | undefined,
): Promise<StoredLayer> {
  const place = await findBlob(files, layer)
  if (place === undefined) {
    refuse(
      files,
      layer.urls === undefined
        ? `blob missing: ${layer.digest}`
        : `a layer that is only at ${layer.urls[0]}: ${layer.digest}`,
    )
  }
  return {
    kind: 'stored',
    place,
    digest: layer.digest,
    mediaType: layer.mediaType,
    createdBy: layer.mediaType,
    ...(diffId === undefined ? {} : { diffId }),
  }
}

async function findBlob(files: LayoutFiles, { digest, size }: Descriptor): Promise<StoredPlace | undefined> {
  const place = await files.find(blobName(digest))
  if (place !== undefined && place.length !== size)
    refuse(files, `blob ${digest} is said to have ${size} bytes, and has ${place.length}`)
  return place
}

async function readBlob(reading: Reading, descriptor: Descriptor): Promise<Document | undefined> {
  const { files } = reading
  const place = await findBlob(files, descriptor)
  if (place === undefined) return undefined
  const { digest, mediaType } = descriptor
  const bytes = await readDocument(files, blobName(digest), place)
  count(reading, bytes.length)
  const found = digestOf(bytes)
  if (found !== digest) refuse(files, `blob ${digest} has other bytes: its digest is ${found}`)
  return { mediaType, bytes, digest }
}

async function read(reading: Reading, name: string): Promise<Buffer> {
  const { files } = reading
  const place = await files.find(name)
  if (place === undefined) refuse(files, `an OCI layout without ${name}`)
  return readDocument(files, name, place)
}

/** Configs are read one at a time, when their image is made: only what stays in memory counts. */
function count(reading: Reading, bytes: number): void {
  reading.bytes += bytes
  const { files, documents, images } = reading
  if (documents.size + images.size >= MAX_DOCUMENTS || reading.bytes > MAX_DOCUMENT_BYTES)
    refuse(files, `more than ${MAX_DOCUMENTS} manifests or ${MAX_DOCUMENT_BYTES / 2 ** 20} MiB of them`)
}

function nameOf({ root }: LayoutFiles, { digest }: Descriptor): string {
  return `${root}: ${digest}`
}

function refuse({ root }: LayoutFiles, why: string): never {
  throw new RegistryError('unservable', `${root}: ${why}`)
}
