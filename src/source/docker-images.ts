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
import { posix } from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Digest } from '../core/digest.ts'
import { parseDigest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import { readConfig } from '../core/given-config.ts'
import { MEDIA_TYPE } from '../core/image.ts'
import { demandLayersFit } from '../core/layer-limit.ts'
import { MAGIC_SIZE, compressionOf } from '../unpack/compression.ts'
import { quoted, relativeName, tarEntries, type ReadAt, type TarEntry } from './tar-entries.ts'

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
  readonly length: number
  readonly mediaType?: string
  /** What the archive says that the blob is. */
  readonly digest?: Digest
  /** What the config says that its tar is. */
  readonly diffId?: Digest
}

const MANIFEST = 'manifest.json'
/** 25 images with as many layers as there can be, three entries each; more is no image archive. */
const MAX_ENTRIES = 10_000
/** Configs and manifests are kilobytes; containerd takes no document above 8 MiB (`MaxManifestSize`). */
const MAX_DOCUMENT = 8 * 1024 * 1024
const LINKS_FOLLOWED = 8
const BLOB_NAME = /^blobs\/sha256\/([0-9a-f]{64})$/
/** Directories of docker archives; nothing else of theirs is below one. */
const KNOWN_DIRECTORY = /^(?:[0-9a-f]{64}|blobs)$/
/** What no other kind of archive has. */
const DOCKERS_OWN = /^(?:repositories|[0-9a-f]{64}(?:\.json|\.tar|\/layer\.tar|\/json|\/VERSION))$/
/** OCI distribution-spec, "Pulling manifests". */
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

const validator = Compile(
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
 * Whether this may be the start of a docker archive: the store is full of tar files that are none, and those are
 * neither unpacked nor spoken of. Nothing but known directories, and files that aren't in one.
 */
export async function mayBeDockerArchive(start: Buffer): Promise<boolean> {
  const read: ReadAt = async (at, length) => start.subarray(at, at + length)
  let seen = 0
  try {
    for await (const { name, kind } of tarEntries(read, Infinity, '')) {
      const [top = '', below] = name.split('/')
      if ((below !== undefined || kind === 'directory') && top !== '' && !KNOWN_DIRECTORY.test(top))
        return false
      seen += 1
    }
  } catch {
    // The end of what is there, or of what is sound: refused with its reason when the whole is read.
  }
  return seen > 0
}

/**
 * @param label the store path, for errors.
 * @returns nothing for a tar that isn't a docker archive.
 * @throws RegistryError `unservable` for one that is broken.
 */
export async function readDockerImages(
  read: ReadAt,
  size: number,
  label: string,
): Promise<readonly ArchivedImage[] | undefined> {
  const entries = await indexOf(tarEntries(read, size, label), label)
  if (!entries.has(MANIFEST)) {
    if (![...entries.keys()].some((name) => DOCKERS_OWN.test(name))) return undefined
    throw broken(label, `a docker archive without ${MANIFEST}, which all have since docker 1.10`)
  }
  const document = async (name: string): Promise<Buffer> => {
    const { offset, size: length, isTwice } = find(entries, name, label)
    if (isTwice) throw broken(label, `${quoted(name)} is in the archive twice`)
    if (length > MAX_DOCUMENT) throw broken(label, `${quoted(name)} has ${length} bytes`)
    return read(offset, length)
  }
  const images: ArchivedImage[] = []
  for (const image of parseManifest(await document(MANIFEST), label)) {
    const config = await document(image.Config)
    images.push({
      tags: (image.RepoTags ?? []).flatMap(tagOf),
      config,
      layers: await layersOf(image, config, entries, read, label),
    })
  }
  return images
}

async function layersOf(
  { Config, Layers, LayerSources }: Manifest[number],
  config: Uint8Array,
  entries: Entries,
  read: ReadAt,
  label: string,
): Promise<readonly ArchivedLayer[]> {
  const names = Layers ?? []
  demandLayersFit(label, names.length)
  const { diffIds } = readConfig(`${label}: ${quoted(Config)}`, config)
  if (diffIds.length !== names.length)
    throw broken(label, `its config has ${diffIds.length} diff_ids for ${names.length} layers`)
  const layers: ArchivedLayer[] = []
  for (const [i, name] of names.entries()) {
    const diffId = diffIds[i]
    const urls = (diffId === undefined ? undefined : LayerSources?.[diffId]?.urls) ?? []
    if (urls.length > 0 && !entries.has(relativeName(name) ?? ''))
      throw broken(
        label,
        `layer ${quoted(name)} is elsewhere (${quoted(urls[0] ?? '')}), and must be in the archive`,
      )
    const { offset, size: length, isTwice } = find(entries, name, label)
    const compression = compressionOf(await read(offset, Math.min(length, MAGIC_SIZE)))
    // Of two plain ones the config tells the right one; of compressed ones nothing here does.
    if (isTwice && compression !== undefined) throw broken(label, `${quoted(name)} is in the archive twice`)
    const blob = BLOB_NAME.exec(name)?.[1]
    layers.push({
      name,
      offset,
      length,
      ...(blob === undefined ? {} : { digest: parseDigest(`sha256:${blob}`) }),
      ...(diffId === undefined ? {} : { diffId }),
      ...(compression === undefined ? {} : { mediaType: `${MEDIA_TYPE.layer}+${compression}` }),
    })
  }
  return layers
}

type Entry = TarEntry & { readonly isTwice: boolean }
type Entries = ReadonlyMap<string, Entry>

async function indexOf(found: AsyncIterable<TarEntry>, label: string): Promise<Entries> {
  const entries = new Map<string, Entry>()
  let count = 0
  for await (const entry of found) {
    count += 1
    if (count > MAX_ENTRIES) throw broken(label, `more than ${MAX_ENTRIES} entries are no archive of images`)
    const before = entries.get(entry.name)
    if (
      before !== undefined &&
      (before.kind !== entry.kind || before.size !== entry.size || before.target !== entry.target)
    )
      throw broken(label, `${quoted(entry.name)} is in the archive twice, and not the same`)
    const isTwice = before !== undefined && entry.kind === 'file'
    entries.set(entry.name, { ...(before ?? entry), isTwice: isTwice || before?.isTwice === true })
  }
  return entries
}

/** The file of that name, through links within the archive. */
function find(entries: Entries, name: string, label: string): Entry {
  let at = relativeName(name)
  for (let followed = 0; followed <= LINKS_FOLLOWED; followed++) {
    const entry = at === undefined ? undefined : entries.get(at)
    if (entry === undefined || at === undefined)
      throw broken(label, `${MANIFEST} names ${quoted(name)}, which is not in the archive`)
    if (entry.kind === 'file') return entry
    if (entry.kind !== 'hard link' && entry.kind !== 'symlink')
      throw broken(label, `${MANIFEST} names ${quoted(name)}, which is no file`)
    // A hard link's target is a name in the archive, a symbolic link's is relative to the link.
    at = relativeName(entry.kind === 'symlink' ? joined(posix.dirname(at), entry.target) : entry.target)
  }
  throw broken(label, `${quoted(name)} is a link that leads nowhere`)
}

function joined(directory: string, target: string): string {
  return target.startsWith('/') ? target : posix.normalize(`${directory}/${target}`)
}

function parseManifest(bytes: Buffer, label: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (cause) {
    throw broken(label, `its ${MANIFEST} is no JSON`, cause)
  }
  if (validator.Check(value)) return value
  const [error] = validator.Errors(value)
  throw broken(label, `its ${MANIFEST} is none: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
}

/** `host:5000/name:tag` as `tag`. */
function tagOf(name: string): string[] {
  const tag = /:([^:/]+)$/.exec(name)?.[1]
  return tag !== undefined && TAG.test(tag) ? [tag] : []
}

function broken(label: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('unservable', `${label}: ${why}`, { cause })
}
