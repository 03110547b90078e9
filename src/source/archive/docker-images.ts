/**
 * The images in a docker archive, as `docker save` and its many imitators write it: `manifest.json` names for each
 * image a config and its layers. The layers' own tars are neither read nor judged: they are served as they are, and
 * what is in them is the client's business, as with any registry.
 *
 * Formats: moby, image/spec/spec.md and image/tarexport/save.go; nixpkgs, pkgs/build-support/docker (`buildImage`
 * has names with and without `./`, `<id>/VERSION`, `<id>/json` and `repositories`, which nothing needs; a layer may
 * stand in the archive twice where its base image has it twice); containers/image, docker/internal/tarfile (a layer
 * as a link). From docker 25 on an archive is an OCI layout too, whose layers are `blobs/sha256/<digest>`.
 */
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import type { Digest } from '../../core/oci/digest.ts'
import { parseDigest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseGivenJson } from '../../core/oci/given-json.ts'
import { readConfig } from '../../core/oci/given-config.ts'
import { MEDIA_TYPE } from '../../core/oci/image.ts'
import { findDocument, findFile } from './archive-entries.ts'
import type { ImageArchive } from './image-archive.ts'
import { quoted } from './tar-entries.ts'

export type ArchivedImage = {
  /** The tag parts of its `RepoTags`. */
  readonly tags: readonly string[]
  readonly config: Uint8Array
  /** Bottom first. */
  readonly layers: readonly ArchivedLayer[]
}

type ArchivedLayer = {
  /** In the archive. */
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly mediaType?: string
  /** The digest of the blob, as the archive gives it. */
  readonly digest?: Digest
  /** The digest of the tar, as the config gives it. */
  readonly diffId?: Digest
}

const MANIFEST = 'manifest.json'
/** Configs and manifests are kilobytes; containerd takes no document above 8 MiB (`MaxManifestSize`). */
const MAX_DOCUMENT = 8 * 1024 * 1024
const BLOB_NAME = /^blobs\/sha256\/([0-9a-f]{64})$/
/** Names of entries that only archives of this kind have. */
const DOCKERS_OWN = /^(?:repositories|[0-9a-f]{64}(?:\.json|\.tar|\/layer\.tar|\/json|\/VERSION))$/
/** OCI distribution-spec, "Pulling manifests". */
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

const validator = validatorOf(
  Type.Array(
    Type.Object({
      Config: Type.String({ minLength: 1 }),
      RepoTags: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.String())])),
      Layers: Type.Union([Type.Null(), Type.Array(Type.String())]),
      LayerSources: Type.Optional(
        Type.Union([
          Type.Null(),
          Type.Record(Type.String(), Type.Object({ urls: Type.Optional(Type.Array(Type.String())) })),
        ]),
      ),
    }),
    { minItems: 1 },
  ),
)
type Manifest = ReturnType<typeof validator.Parse>

/**
 * @returns nothing for a tar that isn't a docker archive.
 * @throws RegistryError `unservable` for one that is broken.
 */
export async function readDockerImages(archive: ImageArchive): Promise<readonly ArchivedImage[] | undefined> {
  const { path, entries } = archive
  if (!entries.has(MANIFEST)) {
    if (![...entries.keys()].some((name) => DOCKERS_OWN.test(name))) return undefined
    throw broken(path, `a docker archive without ${MANIFEST}, which all have since docker 1.10`)
  }
  const document = async (name: string): Promise<Buffer> => {
    const file = findDocument(archive, name) ?? missing(path, name)
    if (file.size > MAX_DOCUMENT) throw broken(path, `${quoted(name)} has ${file.size} bytes`)
    return archive.read(file)
  }
  const images: ArchivedImage[] = []
  for (const image of parseManifest(await document(MANIFEST), path)) {
    const config = await document(image.Config)
    images.push({
      tags: (image.RepoTags ?? []).flatMap(tagOf),
      config,
      layers: layersOf(image, config, archive),
    })
  }
  return images
}

function layersOf(
  { Config, Layers, LayerSources }: Manifest[number],
  config: Uint8Array,
  archive: ImageArchive,
): readonly ArchivedLayer[] {
  const { path } = archive
  const names = Layers ?? []
  const { diffIds } = readConfig(`${path}: ${quoted(Config)}`, config)
  if (diffIds.length !== names.length)
    throw broken(path, `its config has ${diffIds.length} diff_ids for ${names.length} layers`)
  return names.map((name, i): ArchivedLayer => {
    const diffId = diffIds[i]
    const file = findFile(archive, name)
    const [url] = (diffId === undefined ? undefined : LayerSources?.[diffId]?.urls) ?? []
    if (file === undefined && url !== undefined)
      throw broken(path, `layer ${quoted(name)} is elsewhere (${quoted(url)}), and must be in the archive`)
    const { offset, size, isTwice, compression } = file ?? missing(path, name)
    // Of two plain ones the config tells the right one; of compressed ones nothing here does.
    if (isTwice && compression !== undefined) throw broken(path, `${quoted(name)} is in the archive twice`)
    const blob = BLOB_NAME.exec(name)?.[1]
    return {
      name,
      offset,
      size,
      ...(blob === undefined ? {} : { digest: parseDigest(`sha256:${blob}`) }),
      ...(diffId === undefined ? {} : { diffId }),
      ...(compression === undefined ? {} : { mediaType: `${MEDIA_TYPE.layer}+${compression}` }),
    }
  })
}

function missing(path: string, name: string): never {
  throw broken(path, `${MANIFEST} names ${quoted(name)}, which is not in the archive`)
}

function parseManifest(bytes: Buffer, label: string): Manifest {
  let value: unknown
  try {
    value = parseGivenJson(`${label}: its ${MANIFEST}`, bytes)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw broken(label, `its ${MANIFEST} is no JSON`, cause)
  }
  if (validator.Check(value)) return value
  const [error] = validator.Errors(value)
  throw broken(label, `its ${MANIFEST} is invalid: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
}

/** `host:5000/name:tag` as `tag`. */
function tagOf(name: string): string[] {
  const tag = /:([^:/]+)$/.exec(name)?.[1]
  return tag !== undefined && TAG.test(tag) ? [tag] : []
}

function broken(label: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('unservable', `${label}: ${why}`, { cause })
}
