/** An image as its page needs it. */
import { RegistryError } from '../../core/errors/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Platform } from '../../core/oci/image.ts'
import { platformName } from '../../core/oci/platform.ts'
import type { Reference } from '../../core/oci/reference.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import type { ProvenanceFacts } from '../../insight/provenance/provenance-facts.ts'
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
  /** As SARIF and OpenVEX. */
  readonly reports?: ImageFindings['reports']
  readonly provenance?: ImageProvenance
}

export type Vulnerability = {
  /** `CVE-2024-12345`, or the identifier of another list. */
  readonly id: string
  /** The component that has it. */
  readonly component: StorePath
  readonly severity?: string
  /** The first version without it. */
  readonly fixedIn?: string
  /** Anything else to know: that it is exploited, or settled by a patch or a statement. */
  readonly note?: string
  /** The address of a description. */
  readonly url?: string
}

/** The origin of an image or index. */
export type ImageProvenance = {
  readonly facts: ProvenanceFacts
  /** Returns the statement. */
  readonly statement: () => Promise<Uint8Array>
}

/** The vulnerabilities of an image, and the documents that list them. */
export type ImageFindings = {
  readonly vulnerabilities: readonly Vulnerability[]
  /** Each is made when it is downloaded. */
  readonly reports: {
    readonly sarif: () => Promise<Uint8Array>
    readonly openvex: () => Promise<Uint8Array>
  }
}

export type PageImageParts = {
  readonly artifact: (reference: Reference, tag: string) => Promise<Artifact>
  /** Makes the image of an index for a platform. */
  readonly image: (reference: Reference, tag: string, platform: Platform) => Promise<Image>
  readonly inventoryOf: (image: Image) => Promise<Inventory>
  /** Returns the vulnerabilities; `undefined` where nobody looks. */
  readonly findingsOf: (image: Image) => Promise<ImageFindings | undefined>
  readonly provenanceOf: (artifact: Artifact) => Promise<ImageProvenance>
}

/** The platform that is shown where an index has it and nobody asks for another. */
const USUAL_PLATFORM = 'linux/amd64'

/** Returns a function that gives the image of a tag, and of an index the one for a platform. */
export function pageImages(parts: PageImageParts) {
  const { artifact, image, inventoryOf, provenanceOf, findingsOf } = parts
  return async (reference: Reference, tag: string, platform?: string): Promise<PageImage> => {
    const found = await artifact(reference, tag)
    const platforms = found.kind === 'index' ? platformsOf(found) : []
    const made =
      found.kind === 'index' ? await image(reference, tag, choosePlatform(platforms, platform)) : found
    const findings = await findingsOf(made)
    return {
      ...(findings === undefined ? {} : findings),
      platforms: platforms.map(platformName),
      inventory: await inventoryOf(made),
      provenance: await provenanceOf(found),
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
