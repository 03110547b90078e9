/**
 * An image that another one is built upon: read whatever its kind is, and what it gives to the one above. What that
 * makes of the base's config is its own tool's matter: inheritance.ts for ours, streamed-image.ts for nixpkgs' script.
 * Where the base is an image for several platforms, it is the one for the platform of the image above.
 */
import { isObject, type Json } from '../core/json.ts'
import type { Digest } from '../core/oci/digest.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { readConfig } from '../core/oci/given-config.ts'
import { type LayerDescriptor, type Platform } from '../core/oci/image.ts'
import { fits, platformName } from '../core/oci/platform.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { LayoutIndex, PlatformList, Source, SourceConfig, SourceLayer } from './source.ts'

export type BaseImage = {
  readonly platform: Platform
  /** The OCI `config` object. */
  readonly config: { readonly [key: string]: Json }
  /** Made by what their own image says, or named as they are in its archive. */
  readonly layers: readonly SourceLayer[]
  /** As in `Source`. */
  readonly metadata: readonly StorePath[]
  /** Whether it is an archive. */
  readonly isArchive: boolean
  /**
   * Compares the base's own config with what its layers turned out to be.
   * @param layers of the whole image, the base's first.
   * @throws RegistryError `unservable`.
   */
  readonly demandLayers: (layers: readonly LayerDescriptor[]) => void
}

export type WantedBase = {
  /** The platform of the image above. */
  readonly platform: Platform
  /** The tag of one of the images in the base's file. Defaults to the first. */
  readonly tag?: string | undefined
}

/** How an image reads its base. */
export type ReadBase = (base: StorePath, wanted: WantedBase) => Promise<BaseImage>

type Above = {
  /** The image upon it. */
  readonly path: StorePath
  /** How many images there are above the base's. */
  readonly depth: number
  /** Reads a path; `undefined` for one that isn't an image. */
  readonly find: (
    path: StorePath,
    at: { readonly depth: number; readonly tag: string | undefined },
  ) => Promise<Source | LayoutIndex | PlatformList | undefined>
}

/**
 * Images upon images that may be stacked: each is read for the one above, and one that names itself would never end.
 */
const MAX_DEPTH = 20

/** @throws RegistryError `unservable` for what nothing can be built upon, and those of `find`. */
export async function readBaseImage(
  { path, depth, find }: Above,
  base: StorePath,
  { platform, tag }: WantedBase,
): Promise<BaseImage> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new RegistryError('unservable', `${path}: ${why}`, { cause })
  }
  if (depth >= MAX_DEPTH) refuse(`more than ${MAX_DEPTH} images, each upon another`)
  const found = await find(base, { depth: depth + 1, tag }).catch((cause: unknown) => {
    // The client asked for the image above: the tags of its base are no help.
    if (cause instanceof RegistryError && cause.kind === 'manifest-unknown')
      refuse(`its base ${base}: ${cause.message}`, cause)
    throw cause
  })
  if (found === undefined || found.format === 'package') return refuse(`its base is no image: ${base}`)
  switch (found.kind) {
    case 'image':
      return baseImage(base, found)
    case 'index': {
      const { read } = imageFor(found.images)
      return baseImage(base, await read())
    }
    case 'platforms': {
      const { image } = imageFor(found.platforms)
      // The closure of the image above has paths alone.
      if (image.kind === 'output')
        return refuse(
          `its base ${base} has its image for ${platformName(platform)} by derivation, not by path`,
        )
      return readBaseImage({ path, depth: depth + 1, find }, image.path, { platform })
    }
  }

  function imageFor<T extends { readonly platform: Partial<Platform> | undefined }>(images: readonly T[]): T {
    const found = images.find((one) => one.platform !== undefined && fits(one.platform, platform))
    if (found !== undefined) return found
    const others = images.flatMap((one) => (one.platform === undefined ? [] : platformName(one.platform)))
    const has = others.length === 0 ? 'and says no platforms' : `only for ${others.join(', ')}`
    return refuse(`its base ${base} has no image for ${platformName(platform)}, ${has}`)
  }
}

function baseImage(base: StorePath, { format, config, layers, metadata = [] }: Source): BaseImage {
  return {
    ...configOf(base, config),
    // Those of its closure are so wherever it is the base of something.
    layers: layers.map((layer) =>
      layer.kind === 'closure' && layer.roots === undefined ? { ...layer, roots: [base] } : layer,
    ),
    metadata,
    isArchive: format === 'docker archive',
    demandLayers: (all) => {
      if (config.kind === 'given')
        demandSame(base, readConfig(base, config.bytes).diffIds, all.slice(0, layers.length))
    },
  }
}

function configOf(base: StorePath, config: SourceConfig): Pick<BaseImage, 'platform' | 'config'> {
  if (config.kind === 'made' || config.kind === 'written')
    return { platform: config.platform, config: config.config }
  if (config.kind === 'opaque')
    throw new RegistryError('unservable', `${base}: no image, so none to build upon`)
  const { platform } = readConfig(base, config.bytes)
  // Checked to be an object by `readConfig`; that its own `config` is one, isn't.
  const { config: inner } = JSON.parse(Buffer.from(config.bytes).toString()) as { readonly config?: Json }
  return { platform, config: isObject(inner) ? inner : {} }
}

function demandSame(base: StorePath, diffIds: readonly Digest[], layers: readonly LayerDescriptor[]): void {
  const isSame = diffIds.length === layers.length && layers.every(({ diffId }, i) => diffId === diffIds[i])
  if (!isSame) throw new RegistryError('unservable', `${base}: its config has other diff_ids than its layers`)
}
