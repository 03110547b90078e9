/**
 * From a valid store path to an image: what kind it is, its closure, the layers, their digests, the two documents.
 * Reads files only for layers whose digest isn't known yet.
 */
import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import type { Digest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import {
  imageConfig,
  imageManifest,
  type Document,
  type LayerDescriptor,
  type Platform,
} from '../core/image.ts'
import { planLayers } from '../core/plan.ts'
import type { SigningKey } from '../core/signature.ts'
import { storeNameOf, type StorePath } from '../core/store-path.ts'
import { TAR_FORMAT } from '../core/tar-header.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import type { LayerSource } from '../layer/worker.ts'
import type { ClosurePath, NixStore } from '../nix/nix-store.ts'
import { readSource } from '../source/detect.ts'
import type { Source, SourceKind, SourceLayer } from '../source/source.ts'
import type { DigestIndex, LayerDigest } from './digest-index.ts'
import { demandSignatures } from './trust.ts'

export type ImageLayer = LayerDescriptor & { readonly source: LayerSource }

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
  /** Whether any directory of the store may be pulled. */
  readonly servePackages: boolean
  /** See trust.ts. */
  readonly requiredKeys: readonly SigningKey[]
}

/** Layers hashed at once: enough for every reader thread, few enough that entries don't pile up in memory. */
const DIGESTS_AT_ONCE = 4
/** Names of a layer's packages shown in its history. */
const NAMES_SHOWN = 4

/**
 * @param onStep told how many milliseconds each step took.
 * @throws RegistryError `denied`, `unservable`, `unavailable`.
 */
export async function makeImage(
  { nix, reader, index, servePackages, requiredKeys }: ImageMaker,
  root: StorePath,
  onStep: (step: Step, ms: number) => void = () => undefined,
): Promise<Image> {
  const timed = async <T>(step: Step, work: () => Promise<T> | T): Promise<T> => {
    const start = performance.now()
    const result = await work()
    onStep(step, performance.now() - start)
    return result
  }
  const source = await timed('source', () => readServed(root, servePackages))
  const closure = await timed('closure', () => nix.closure(root))
  demandSignatures(requiredKeys, closure)
  const parts = await timed('plan', () => source.layers.flatMap((layer) => plan(layer, closure)))
  const limit = pLimit(DIGESTS_AT_ONCE)
  const layers = await timed('digest', () =>
    Promise.all(
      parts.map((part) => limit(async () => ({ ...part, ...(await digest(part, closure, reader, index)) }))),
    ),
  )
  return assemble(root, source, layers)
}

/**
 * All that belongs to the image that a valid path is; `undefined` where it can't be pulled.
 * @throws RegistryError `unavailable`.
 */
export async function servedClosure(
  { nix, servePackages, requiredKeys }: ImageMaker,
  root: StorePath,
): Promise<readonly ClosurePath[] | undefined> {
  try {
    await readServed(root, servePackages)
    const closure = await nix.closure(root)
    demandSignatures(requiredKeys, closure)
    return closure
  } catch (error) {
    if (error instanceof RegistryError && (error.kind === 'denied' || error.kind === 'unservable'))
      return undefined
    throw error
  }
}

async function readServed(root: StorePath, servePackages: boolean): Promise<Source> {
  const source = await readSource(root)
  if (source.kind === 'package' && !servePackages) {
    throw new RegistryError('denied', `a plain package, and those are not served (--serve-packages): ${root}`)
  }
  return source
}

type Part = { readonly source: LayerSource; readonly createdBy: string }

function plan(layer: SourceLayer, closure: readonly ClosurePath[]): readonly Part[] {
  if (layer.kind === 'entries') {
    return [{ source: { kind: 'entries', entries: layer.entries }, createdBy: layer.createdBy }]
  }
  const leftOut = new Set(layer.except)
  const planned = closure.filter(({ path }) => !leftOut.has(path))
  return planLayers(planned, layer.maxLayers).map((paths) => ({
    source: { kind: 'paths', paths },
    createdBy: describe(paths),
  }))
}

async function digest(
  { source }: Part,
  closure: readonly ClosurePath[],
  reader: StoreReader,
  index: DigestIndex,
): Promise<LayerDigest> {
  if (source.kind === 'entries') return reader.digest(source)
  const key = layerKey(source.paths, closure)
  const known = index.layer(key)
  if (known !== undefined) return known
  const found = await reader.digest(source)
  index.putLayer(key, found)
  return found
}

/** What is in a layer: the tar format, and each path with the hash of its contents (a path may be rebuilt otherwise). */
function layerKey(paths: readonly StorePath[], closure: readonly ClosurePath[]): string {
  const hashes = new Map(closure.map(({ path, narHash }) => [path, narHash]))
  const hash = createHash('sha256').update(`tar format ${TAR_FORMAT}\n`)
  for (const path of paths) hash.update(`${path} ${hashes.get(path) ?? ''}\n`)
  return hash.digest('hex')
}

function assemble(root: StorePath, source: Source, layers: readonly ImageLayer[]): Image {
  const config = imageConfig(source.platform, source.config, layers)
  return {
    root,
    kind: source.kind,
    platform: source.platform,
    config,
    manifest: imageManifest(config, layers),
    layers,
    layerByDigest: new Map(layers.map((layer) => [layer.digest, layer])),
  }
}

function describe(paths: readonly StorePath[]): string {
  const names = paths.slice(0, NAMES_SHOWN).map(storeNameOf).join(', ')
  return paths.length > NAMES_SHOWN ? `${names} and ${paths.length - NAMES_SHOWN} more` : names
}
