/**
 * Reads the inventory of an image from a registry: the CycloneDX document that refers to the image's manifest.
 * Source: OCI distribution-spec 1.1, "Listing Referrers"; image-spec 1.1, "Guidelines for Artifact Usage".
 */
import { RegistryError, type ErrorKind } from '../core/errors/errors.ts'
import { printable } from '../core/errors/printable.ts'
import { isObject, parseJson, type Json } from '../core/json.ts'
import { listAt, textAt } from '../core/json-fields.ts'
import { STORE_DIR } from '../core/nix/store-path.ts'
import { digestOf, readDigest, type Digest } from '../core/oci/digest.ts'
import type { Platform } from '../core/oci/image.ts'
import type { ImageName } from '../core/oci/image-name.ts'
import { fits, platformName } from '../core/oci/platform.ts'
import { referenceBase } from '../core/oci/reference.ts'
import { DOCUMENT_TYPE } from './document-types.ts'
import type { Inventory } from './inventory/component.ts'
import { readCyclonedx } from './sbom/read-cyclonedx.ts'

export type RegistryQuestion = {
  /** The address of the registry; it may have a path. */
  readonly registry: URL
  readonly image: Pick<ImageName, 'reference' | 'selector'>
  /** Chooses among the images of an index. */
  readonly platform: Platform
  /** Milliseconds for all requests together. */
  readonly timeoutMs: number
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')
/** A document of 20,000 components with 50 references each has about 100 MB. */
const MAX_BYTES = 256 * 1024 * 1024
/** Characters of a foreign answer that are shown. */
const MAX_TEXT = 300

/**
 * @throws RegistryError `unavailable` when no registry answers in time, `pending` while the image is made, `name-unknown`
 * when it doesn't have the image or a document of it, `malformed` for an answer in another form.
 */
export async function registryInventory(question: RegistryQuestion): Promise<Inventory> {
  const { registry, image, platform, timeoutMs } = question
  const base = new URL(registry)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const repository = encodeURI(referenceBase(image.reference)).replaceAll('?', '%3F')
  const folder = new URL(`v2${STORE_DIR}/${repository}/`, base)
  const signal = AbortSignal.timeout(timeoutMs)
  const get = async (path: string): Promise<Uint8Array> => request(new URL(path, folder), signal)

  const { selector } = image
  const subject = await get(`manifests/${selector.kind === 'tag' ? selector.tag : selector.digest}`)
  const digest = imageDigest(subject, platform)
  const index = parse(
    await get(`referrers/${digest}?artifactType=${encodeURIComponent(DOCUMENT_TYPE.cyclonedx)}`),
  )
  const found = listAt(index, 'manifests').find(
    (one) => textAt(one, 'artifactType') === DOCUMENT_TYPE.cyclonedx,
  )
  if (found === undefined)
    throw new RegistryError('name-unknown', `${base.origin} has no CycloneDX document of this image`)
  const manifest = parse(await verified(get, 'manifests', found))
  const [layer] = listAt(manifest, 'layers')
  if (layer === undefined) throw malformed('a manifest without layers')
  return readCyclonedx(base.origin, parse(await verified(get, 'blobs', layer)))
}

/** The digest of an image's manifest, or of the one in an index for a platform. */
function imageDigest(bytes: Uint8Array, platform: Platform): Digest {
  const document = parse(bytes)
  const manifests = listAt(document, 'manifests')
  if (manifests.length === 0) return digestOf(bytes)
  const platforms = manifests.map((one) => ({ digest: textAt(one, 'digest'), platform: platformOf(one) }))
  const found = readDigest(platforms.find((one) => fits(one.platform, platform))?.digest)
  if (found !== undefined) return found
  throw new RegistryError('manifest-unknown', `no image for ${platformName(platform)}`, {
    detail: { platforms: platforms.map((one) => platformName(one.platform)) },
  })
}

function platformOf(descriptor: Json): Partial<Platform> {
  const platform = isObject(descriptor) ? descriptor['platform'] : undefined
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((name) =>
    textAt(platform ?? null, name),
  )
  return {
    ...(os === undefined ? {} : { os }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(variant === undefined ? {} : { variant }),
  }
}

/** The content that a descriptor names. @throws RegistryError `malformed` when it has another digest. */
async function verified(
  get: (path: string) => Promise<Uint8Array>,
  kind: 'manifests' | 'blobs',
  descriptor: Json,
): Promise<Uint8Array> {
  const digest = readDigest(textAt(descriptor, 'digest'))
  if (digest === undefined) throw malformed('a descriptor without a digest')
  const bytes = await get(`${kind}/${digest}`)
  if (digestOf(bytes) !== digest) throw malformed(`content that does not have the digest ${digest}`)
  return bytes
}

async function request(url: URL, signal: AbortSignal): Promise<Uint8Array> {
  const failed = (cause: unknown): never => {
    const isLate = signal.aborted
    throw new RegistryError(
      'unavailable',
      `cannot reach ${url.origin}${isLate ? ': no answer in time' : ''}`,
      isLate ? {} : { cause: cause instanceof Error ? (cause.cause ?? cause) : cause },
    )
  }
  const response = await fetch(url, { signal, headers: { accept: `${MANIFESTS}, */*` } }).catch(failed)
  const bytes = await readBody(response, url).catch((error: unknown) =>
    error instanceof RegistryError ? Promise.reject(error) : failed(error),
  )
  if (response.ok) return bytes
  const why = errorMessage(bytes) ?? response.statusText
  throw new RegistryError(kindOf(response.status), `${url.origin} answered ${response.status}: ${why}`)
}

async function readBody({ body }: Response, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES)
      throw new RegistryError('too-large', `${url.href} has more than ${MAX_BYTES / 1024 ** 2} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function kindOf(status: number): ErrorKind {
  if (status === 404) return 'name-unknown'
  if (status === 429) return 'pending'
  if (status === 401) return 'unauthorized'
  return status === 403 ? 'denied' : 'unavailable'
}

/** The message of an OCI error body. */
function errorMessage(bytes: Uint8Array): string | undefined {
  try {
    const message = textAt(listAt(parse(bytes), 'errors')[0] ?? null, 'message')
    return message === undefined ? undefined : printable(message, MAX_TEXT)
  } catch {
    return undefined
  }
}

function parse(bytes: Uint8Array): Json {
  try {
    return parseJson(Buffer.from(bytes).toString())
  } catch (cause) {
    throw malformed('a document that is not JSON', cause)
  }
}

function malformed(what: string, cause?: unknown): RegistryError {
  return new RegistryError('malformed', `the registry sent ${what}`, { cause })
}
