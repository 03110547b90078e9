/**
 * Manifests and indexes that were made elsewhere: read for what they name, served byte by byte as they are. Sources:
 * OCI image-spec, manifest.md, image-index.md and descriptor.md; Docker's schema 2 (distribution, `manifest-v2-2.md`),
 * which has the same fields under other media types.
 */
import * as Type from 'typebox'
import type { Static, TSchema } from 'typebox'
import { validatorOf, type SchemaValidator } from '../validator.ts'
import { parseDigest, type Digest } from './digest.ts'
import { RegistryError } from '../errors/errors.ts'
import { parseGivenJson } from './given-json.ts'
import { DOCKER_TYPE, MEDIA_TYPE } from './image.ts'

export const MANIFEST_TYPES: readonly string[] = [MEDIA_TYPE.manifest, DOCKER_TYPE.manifest]
export const INDEX_TYPES: readonly string[] = [MEDIA_TYPE.index, DOCKER_TYPE.index]
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPE.config, DOCKER_TYPE.config]
/** Plain and compressed, of OCI and Docker, those that may not be passed on included. */
const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1|docker\.image\.rootfs(?:\.foreign)?\.diff)\.tar(?:[.+](?:gzip|zstd))?$/
const PLAIN_LAYER_TYPE = /\.tar$/

const Descriptor = Type.Object({
  mediaType: Type.String({ minLength: 1 }),
  digest: Type.String(),
  size: Type.Integer({ minimum: 0 }),
  urls: Type.Optional(Type.Array(Type.String())),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
  platform: Type.Optional(
    Type.Object({
      os: Type.Optional(Type.String()),
      architecture: Type.Optional(Type.String()),
      variant: Type.Optional(Type.String()),
    }),
  ),
})
const Manifest = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  config: Descriptor,
  layers: Type.Array(Descriptor),
})
const Index = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  manifests: Type.Array(Descriptor),
})
const validators = { manifest: validatorOf(Manifest), index: validatorOf(Index) }

export type Descriptor = Omit<Static<typeof Descriptor>, 'digest'> & { readonly digest: Digest }

export type OciManifest = { readonly config: Descriptor; readonly layers: readonly Descriptor[] }

/** Whether it is an image, and not some other artifact in the form of one: a signature, an attestation, a chart. */
export function isImageManifest({ config, layers }: OciManifest): boolean {
  return (
    CONFIG_TYPES.includes(config.mediaType) && layers.every(({ mediaType }) => LAYER_TYPE.test(mediaType))
  )
}

export function isPlainLayer({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean {
  return LAYER_TYPE.test(mediaType) && PLAIN_LAYER_TYPE.test(mediaType)
}

/**
 * @param name what it is, for the error.
 * @param mediaType as its descriptor says.
 * @throws RegistryError `unservable`.
 */
export function readManifest(name: string, bytes: Uint8Array, mediaType: string): OciManifest {
  const value = parseObject(name, bytes)
  assertMediaType(name, value, mediaType, 'manifests')
  if (!validators.manifest.Check(value)) throw invalid(name, 'a manifest', validators.manifest.Errors(value))
  return {
    config: descriptorOf(name, value.config),
    layers: value.layers.map((layer) => descriptorOf(name, layer)),
  }
}

/** @param mediaType as its descriptor says; none for an `index.json`. @throws RegistryError `unservable`. */
export function readIndex(
  name: string,
  bytes: Uint8Array,
  mediaType: string | undefined,
): { readonly mediaType: string; readonly manifests: readonly Descriptor[] } {
  const value = parseObject(name, bytes)
  assertMediaType(name, value, mediaType, 'layers')
  if (!validators.index.Check(value)) throw invalid(name, 'an index', validators.index.Errors(value))
  return {
    mediaType: mediaType ?? value.mediaType ?? MEDIA_TYPE.index,
    manifests: value.manifests.map((manifest) => descriptorOf(name, manifest)),
  }
}

/**
 * Refuses a document with another media type than its descriptor: two clients could read it as two things
 * (CVE-2021-41190).
 */
function assertMediaType(name: string, value: object, mediaType: string | undefined, foreign: string): void {
  if ('schemaVersion' in value && value.schemaVersion === 1)
    throw new RegistryError(
      'unservable',
      `${name}: a manifest of schema version 1, which no client reads any more`,
    )
  if (foreign in value) throw new RegistryError('unservable', `${name}: a manifest and an index at once`)
  const own = 'mediaType' in value ? value.mediaType : undefined
  if (own !== undefined && own !== '' && mediaType !== undefined && own !== mediaType) {
    throw new RegistryError(
      'unservable',
      `${name}: is said to be ${mediaType}, and says ${JSON.stringify(own)}`,
    )
  }
}

function parseObject(name: string, bytes: Uint8Array): object {
  let value: unknown
  try {
    value = parseGivenJson(name, bytes)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError('unservable', `${name}: not JSON`, { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new RegistryError('unservable', `${name}: not a JSON object`)
}

type Complaint = ReturnType<SchemaValidator<TSchema>['Errors']>[number]

function invalid(name: string, what: string, [error]: readonly Complaint[]): RegistryError {
  return new RegistryError(
    'unservable',
    `${name}: not ${what}: ${error?.instancePath ?? ''} ${error?.message ?? ''}`,
  )
}

/** Only sha256: it is what is hashed here, and what every client has. */
function descriptorOf(name: string, descriptor: Static<typeof Descriptor>): Descriptor {
  const { digest } = descriptor
  if (!digest.startsWith('sha256:')) {
    throw new RegistryError(
      'unservable',
      `${name}: only sha256 digests are served, not ${digest.slice(0, 100)}`,
    )
  }
  try {
    return { ...descriptor, digest: parseDigest(digest) }
  } catch (cause) {
    throw new RegistryError('unservable', `${name}: not a digest: ${digest.slice(0, 100)}`, { cause })
  }
}
