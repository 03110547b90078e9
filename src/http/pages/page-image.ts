/** An image as its page needs it. */
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Platform } from '../../core/oci/image.ts'
import { platformName } from '../../core/oci/platform.ts'
import type { Reference } from '../../core/oci/reference.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import type { Image } from '../../registry/artifact/image.ts'
import type { Artifact, ImageIndex } from '../../registry/artifact/image-index.ts'

export type PageImage = {
  readonly inventory: Inventory
  /** The tool that made it. */
  readonly format: string
  readonly platform: string | undefined
  /** The platforms that the same name has images for. Empty for a name of one image. */
  readonly platforms?: readonly string[]
  /** The configuration document of the image. */
  readonly config: Json
  readonly configDigest: string
  /** Absent where nobody has looked for vulnerabilities. */
  readonly vulnerabilities?: readonly Vulnerability[]
  readonly provenance?: Provenance
}

export type Vulnerability = {
  /** `CVE-2024-12345`, or the identifier of another list. */
  readonly id: string
  /** The component that has it. */
  readonly component: StorePath
  readonly severity?: string
  /** The address of a description. */
  readonly url?: string
}

/** The origin of an image in a few lines, and the documents that prove it. */
export type Provenance = {
  readonly lines: readonly { readonly name: string; readonly value: string }[]
  readonly downloads: readonly { readonly name: string; readonly url: string }[]
}

export type PageImageParts = {
  readonly artifact: (reference: Reference, tag: string) => Promise<Artifact>
  /** Makes the image of an index for a platform. */
  readonly image: (reference: Reference, tag: string, platform: Platform) => Promise<Image>
  /** Keeps an image in the store until the returned function is called. */
  readonly pin: (image: Image) => () => void
  readonly inventoryOf: (image: Image) => Promise<Inventory>
}

/** Components of the images that are remembered together: about a kilobyte each. */
const COMPONENTS_KEPT = 50_000
/** Inventories made at once. Each asks Nix hundreds of questions, and pulls ask it, too. */
const INVENTORIES_AT_ONCE = 2
/** The platform that is shown where an index has it and nobody asks for another. */
const USUAL_PLATFORM = 'linux/amd64'

/**
 * Returns a function that gives the image of a tag, and of an index the one for a platform. Inventories are made once,
 * and remembered while there is room.
 */
export function pageImages({ artifact, image, pin, inventoryOf }: PageImageParts) {
  const known = new LRUCache<string, Inventory>({
    maxSize: COMPONENTS_KEPT,
    sizeCalculation: ({ components }) => components.length + 1,
  })
  const making = new Map<string, Promise<Inventory>>()
  const limit = pLimit(INVENTORIES_AT_ONCE)

  const make = async (made: Image, key: string): Promise<Inventory> => {
    const release = pin(made)
    try {
      const inventory = await limit(() => inventoryOf(made))
      known.set(key, inventory)
      return inventory
    } finally {
      release()
      making.delete(key)
    }
  }
  const inventory = async (made: Image): Promise<Inventory> => {
    const key = `${made.root} ${made.manifest.digest}`
    const found = known.get(key) ?? making.get(key)
    if (found !== undefined) return found
    const begun = make(made, key)
    making.set(key, begun)
    return begun
  }
  return async (reference: Reference, tag: string, platform?: string): Promise<PageImage> => {
    const found = await artifact(reference, tag)
    const platforms = found.kind === 'index' ? platformsOf(found) : []
    const made =
      found.kind === 'index' ? await image(reference, tag, choosePlatform(platforms, platform)) : found
    return {
      platforms: platforms.map(platformName),
      inventory: await inventory(made),
      format: made.format,
      platform: made.platform === undefined ? undefined : platformName(made.platform),
      config: parseConfig(made.config.bytes),
      configDigest: made.config.digest,
    }
  }
}

function platformsOf({ images }: ImageIndex): readonly Platform[] {
  return images.flatMap(({ platform: { os, architecture, variant } = {} }) =>
    os === undefined || architecture === undefined
      ? []
      : [{ os, architecture, ...(variant === undefined ? {} : { variant }) }],
  )
}

/** @throws RegistryError `manifest-unknown` for a platform that the index doesn't have. */
function choosePlatform(platforms: readonly Platform[], wanted: string | undefined): Platform {
  const name = wanted ?? USUAL_PLATFORM
  const found = platforms.find((one) => platformName(one) === name)
  const chosen = found ?? (wanted === undefined ? platforms[0] : undefined)
  if (chosen !== undefined) return chosen
  throw new RegistryError('manifest-unknown', `no image for ${name.slice(0, 100)}`, {
    detail: { platforms: platforms.map(platformName) },
  })
}

/** An artifact that is no image may have anything as its configuration. */
function parseConfig(bytes: Uint8Array): Json {
  try {
    const config: Json = JSON.parse(Buffer.from(bytes).toString())
    return config
  } catch {
    return null
  }
}
