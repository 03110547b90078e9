/**
 * From a valid store path to an image: what kind it is, its closure, the layers, their digests, the two documents.
 * Reads files only for layers whose digest isn't known yet.
 */
import pLimit from 'p-limit'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import { readConfig } from '../core/given-config.ts'
import {
  MEDIA_TYPE,
  givenDocument,
  imageConfig,
  imageManifest,
  type Document,
  type LayerDescriptor,
  type Platform,
} from '../core/image.ts'
import type { SigningKey } from '../core/signature.ts'
import type { StorePath } from '../core/store-path.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import type { LayerSource } from '../layer/worker.ts'
import type { NixStore } from '../nix/nix-store.ts'
import { readSource } from '../source/detect.ts'
import type { Source, SourceKind } from '../source/source.ts'
import type { DigestIndex } from './digest-index.ts'
import { demandReferred, digestPart, planParts } from './layer-parts.ts'
import type { Archives } from '../unpack/archives.ts'
import type { UnpackedSlice } from './unpacked-slice.ts'
import { demandSignatures } from './trust.ts'

export type ImageLayer = LayerDescriptor & { readonly source: LayerSource | UnpackedSlice }

export type Image = {
  readonly root: StorePath
  readonly kind: SourceKind
  readonly platform: Platform
  readonly config: Document
  readonly manifest: Document
  /** Bottom first. Two layers with the same digest hold the same bytes. */
  readonly layers: readonly ImageLayer[]
  readonly layerByDigest: ReadonlyMap<Digest, ImageLayer>
}

export type Step = 'source' | 'closure' | 'plan' | 'digest'

export type ImageMaker = {
  readonly nix: NixStore
  readonly reader: StoreReader
  readonly index: DigestIndex
  readonly archives: Archives
  /** Whether any directory of the store may be pulled. */
  readonly servePackages: boolean
  /** See trust.ts. */
  readonly requiredKeys: readonly SigningKey[]
}

/** Layers hashed at once: enough for every reader thread, few enough that entries don't pile up in memory. */
const DIGESTS_AT_ONCE = 4

/**
 * @param tag that the path itself has; none for its first image.
 * @param onStep told how many milliseconds each step took.
 * @throws RegistryError `denied`, `unservable`, `unavailable`.
 */
export async function makeImage(
  { nix, reader, index, archives, servePackages, requiredKeys }: ImageMaker,
  root: StorePath,
  tag: string | undefined,
  onStep: (step: Step, ms: number) => void = () => undefined,
): Promise<Image> {
  const timed = async <T>(step: Step, work: () => Promise<T> | T): Promise<T> => {
    const start = performance.now()
    const result = await work()
    onStep(step, performance.now() - start)
    return result
  }
  const source = await timed('source', () => readSource(root, { tag, archives }))
  demandServed({ servePackages }, root, source.kind)
  const closure = await timed('closure', () => nix.closure(root))
  demandSignatures(requiredKeys, closure)
  demandReferred(root, source.reads ?? [], closure)
  const parts = await timed('plan', () => planParts(root, source.layers, closure))
  const limit = pLimit(DIGESTS_AT_ONCE)
  const layers = await timed('digest', () =>
    Promise.all(
      parts.map((part) => limit(async () => digestPart(part, closure, { reader, index, archives }))),
    ),
  )
  return assemble(root, source, layers)
}

/** The tags that an image has itself. @throws RegistryError `denied`, `unservable`. */
export async function imageTags(
  maker: Pick<ImageMaker, 'servePackages' | 'archives'>,
  root: StorePath,
): Promise<readonly string[]> {
  const { kind, tags = [] } = await readSource(root, { tag: undefined, archives: maker.archives })
  demandServed(maker, root, kind)
  return tags
}

/** @throws RegistryError `denied` for what the operator didn't open. */
function demandServed(
  { servePackages }: Pick<ImageMaker, 'servePackages'>,
  root: StorePath,
  kind: SourceKind,
): void {
  if (kind !== 'package' || servePackages) return
  throw new RegistryError('denied', `a plain package, and those are not served (--serve-packages): ${root}`)
}

function assemble(root: StorePath, source: Source, layers: readonly ImageLayer[]): Image {
  const { platform, document: config } = configOf(root, source, layers)
  return {
    root,
    kind: source.kind,
    platform,
    config,
    manifest: imageManifest(config, layers),
    layers,
    layerByDigest: new Map(layers.map((layer) => [layer.digest, layer])),
  }
}

function configOf(
  root: StorePath,
  { config }: Source,
  layers: readonly ImageLayer[],
): { readonly platform: Platform; readonly document: Document } {
  if (config.kind === 'made') {
    const { platform, created } = config
    return { platform, document: imageConfig(platform, config.config, layers, created) }
  }
  if (config.kind === 'written') {
    const { platform, write } = config
    return { platform, document: givenDocument(MEDIA_TYPE.config, write(layers)) }
  }
  const { platform, diffIds } = readConfig(root, config.bytes)
  const wrong = layers.findIndex(({ diffId }, i) => diffId !== diffIds[i])
  if (wrong !== -1 || layers.length !== diffIds.length) {
    throw new RegistryError(
      'unservable',
      `${root}: its config has ${diffIds.length} diff_ids for ${layers.length} layers${wrong === -1 ? '' : `, of which number ${wrong + 1} is ${layers[wrong]?.diffId}`}`,
    )
  }
  return { platform, document: givenDocument(MEDIA_TYPE.config, config.bytes) }
}
