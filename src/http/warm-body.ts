/** What is sent to `POST /warm`: Kubernetes manifests, or `{"refs": ["…"]}`; whatever the content type says. */
import type { Readable } from 'node:stream'
import { RegistryError } from '../core/errors.ts'
import { parseImageName, type ImageName } from '../core/image-name.ts'
import { describePlace } from '../core/manifest-place.ts'
import { readManifests } from './read-manifests.ts'

export type WarmRequest = {
  readonly images: readonly ImageName[]
  /** What can't be asked for. */
  readonly malformed: readonly { readonly name: string; readonly error: RegistryError }[]
  /** How many images of other registries there are. */
  readonly foreign: number
}

/** A whole cluster's objects with all their schemas; etcd takes 1.5 MB for each. */
export const MAX_BODY_BYTES = 10_000_000
/** Each is a question to Nix; a cluster of thousands of images has them in many manifests. */
export const MAX_IMAGES = 1_000

/** @throws RegistryError `manifest-invalid` for what is too large. */
export async function readBody(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > MAX_BODY_BYTES) {
      throw new RegistryError('manifest-invalid', `more than ${MAX_BODY_BYTES} bytes: send it in parts`)
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/**
 * @param hosts under which the client knows this registry, beside `nix.internal`.
 * @throws RegistryError `manifest-invalid` for what is broken, too much, or names no image at all.
 */
export async function readWarmRequest(text: string, hosts: readonly string[]): Promise<WarmRequest> {
  const refs = refsOf(text)
  const { images, malformed, foreign } =
    refs === undefined ? await fromManifests(text, hosts) : fromNames(refs)
  const count = images.length + malformed.length
  if (count > MAX_IMAGES) {
    throw new RegistryError('manifest-invalid', `${count} images at once: at most ${MAX_IMAGES} may be`)
  }
  if (count === 0 && foreign === 0)
    throw new RegistryError('manifest-invalid', 'no image is named here: send manifests, or {"refs": […]}')
  return { images, malformed, foreign }
}

async function fromManifests(text: string, hosts: readonly string[]): Promise<WarmRequest> {
  const { images, foreign, malformed } = await readManifests({ text, hosts })
  return {
    images,
    malformed: malformed.map(({ name, reason, place }) => ({
      name,
      error: new RegistryError('name-invalid', reason, { detail: { place: describePlace(place) } }),
    })),
    foreign: foreign.length,
  }
}

function fromNames(names: readonly string[]): WarmRequest {
  const images = new Map<string, ImageName>()
  const malformed: { name: string; error: RegistryError }[] = []
  for (const name of names) {
    try {
      const image = parseImageName(name)
      images.set(image.name, image)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      malformed.push({ name: name.slice(0, 300), error })
    }
  }
  return { images: [...images.values()], malformed, foreign: 0 }
}

/** Nothing for what isn't `{"refs": […]}`; a Kubernetes object has a kind. */
function refsOf(text: string): readonly string[] | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  let value
  try {
    value = JSON.parse(text) as { refs?: unknown; kind?: unknown }
  } catch {
    return undefined
  }
  const { refs, kind } = value
  if (!Array.isArray(refs) || kind !== undefined) return undefined
  if (refs.every((ref) => typeof ref === 'string')) return refs
  throw new RegistryError('manifest-invalid', 'refs: must be a list of image names')
}
