/**
 * From what a kind of image came down to and its closure to the image: layers, their digests, the two documents.
 * Reads files only for layers whose digest isn't known yet.
 */
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { readConfig } from '../../core/oci/given-config.ts'
import {
  MEDIA_TYPE,
  dockerManifest,
  givenDocument,
  imageConfig,
  imageManifest,
  type Document,
  type Platform,
} from '../../core/oci/image.ts'
import type { SigningKey } from '../../core/nix/signature.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { StoreReader } from '../../layer/store-reader.ts'
import type { Store } from '../../store/store.ts'
import type { Source, SourceFormat } from '../../source/source.ts'
import type { DigestIndex } from '../state/digest-index.ts'
import type { FrameFiles } from '../state/frame-files.ts'
import { formFor, isZeroCopy, ordinaryForm, type ImageForm } from './image-form.ts'
import type { ImageLayer, ImageRoot } from './image-root.ts'
import { digestParts } from './digest-parts.ts'
import { planParts } from './layer-parts.ts'
import type { Archives } from '../../unpack/archives.ts'
import { ZERO_COPY_LABEL, zeroCopySource } from './zero-copy-source.ts'

export type Image = {
  readonly root: StorePath
  readonly kind: 'image'
  readonly form: ImageForm
  /** Store paths that are in no layer, and are mounted into its containers. Only an image in a zero-copy form has any. */
  readonly mounts: readonly StorePath[]
  /** Whether its layers have the places to mount them at. */
  readonly hasPlaces: boolean
  readonly format: SourceFormat
  /** None of what is no image, but in the form of one. */
  readonly platform: Platform | undefined
  readonly config: Document
  readonly manifest: Document
  /** Bottom first. Two layers with the same digest hold the same bytes. */
  readonly layers: readonly ImageLayer[]
  readonly layerByDigest: ReadonlyMap<Digest, ImageLayer>
  /** Files of the store with what only evaluation knew of the packages. */
  readonly metadata: readonly StorePath[]
}

export type Step = 'source' | 'closure' | 'plan' | 'digest'

/** The parts that tell what a store path is, and whether it may be pulled. */
export type SourceDeps = {
  readonly store: Store
  readonly reader: StoreReader
  /** Whom to trust is added with the keys below: see make-artifact.ts. */
  readonly archives: Omit<Archives, 'demandTrusted'>
  /** Whether any directory of the store may be pulled. */
  readonly servePackages: boolean
  /** See trust.ts. */
  readonly requiredKeys: readonly SigningKey[]
}

/** The parts that make images. */
export type ImageDeps = SourceDeps & {
  readonly index: DigestIndex
  readonly frames: FrameFiles
}

/**
 * @param deps `form` is the form that the image gets if it can have it.
 * @throws RegistryError `unservable`, `unavailable`.
 */
export async function makeImage(
  { reader, index, archives, frames, form: requested }: ImageDeps & { readonly form: ImageForm },
  at: ImageRoot,
  given: Source,
  timed: <T>(step: Step, work: () => Promise<T>) => Promise<T>,
): Promise<Image> {
  const { root, closure } = at
  const zeroCopy = isZeroCopy(requested) ? await timed('plan', () => zeroCopySource(at, given)) : undefined
  const { source, mounts, hasPlaces } = zeroCopy ?? { source: given, mounts: [], hasPlaces: false }
  const form = formFor(source, zeroCopy === undefined ? ordinaryForm(requested) : requested)
  const parts = await timed('plan', () => planParts(at, source, form))
  const layers = await timed('digest', () => digestParts(parts, closure, { reader, index, archives, frames }))
  return { ...assemble(root, source, layers, form), form, mounts, hasPlaces }
}

function assemble(
  root: StorePath,
  source: Source,
  layers: readonly ImageLayer[],
  form: ImageForm,
): Omit<Image, 'form' | 'mounts' | 'hasPlaces'> {
  const { platform, document: config } = configOf(root, source, layers)
  return {
    root,
    kind: 'image',
    format: source.format,
    platform,
    config,
    manifest: source.manifest ?? manifestOf(source, config, layers, isZeroCopy(form) ? root : undefined),
    layers,
    layerByDigest: new Map(layers.map((layer) => [layer.digest, layer])),
    metadata: source.metadata ?? [],
  }
}

/** @param zeroCopy the image's path, where its store paths are in no layer. Docker's form has no annotations. */
function manifestOf(
  source: Source,
  config: Document,
  layers: readonly ImageLayer[],
  zeroCopy: StorePath | undefined,
): Document {
  if (source.form === 'docker') return dockerManifest(config, layers)
  return imageManifest(config, layers, zeroCopy === undefined ? undefined : { [ZERO_COPY_LABEL]: zeroCopy })
}

function configOf(
  root: StorePath,
  { config }: Source,
  layers: readonly ImageLayer[],
): { readonly platform: Platform | undefined; readonly document: Document } {
  if (config.kind === 'made') {
    const { platform } = config
    return { platform, document: imageConfig(platform, config.config, layers, config) }
  }
  if (config.kind === 'written') {
    const { platform, write } = config
    return { platform, document: givenDocument(MEDIA_TYPE.config, write(layers)) }
  }
  const { mediaType = MEDIA_TYPE.config } = config
  const document = givenDocument(mediaType, config.bytes)
  if (config.kind === 'opaque') return { platform: undefined, document }
  const { platform, diffIds } = readConfig(root, config.bytes)
  const wrong = layers.findIndex(({ diffId }, i) => diffId !== diffIds[i])
  if (wrong !== -1 || layers.length !== diffIds.length) {
    throw new RegistryError(
      'unservable',
      `${root}: its config has ${diffIds.length} diff_ids for ${layers.length} layers${wrong === -1 ? '' : `, of which number ${wrong + 1} is ${layers[wrong]?.diffId}`}`,
    )
  }
  return { platform, document }
}
