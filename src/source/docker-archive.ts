/**
 * Docker archives, as `dockerTools.buildImage` and `buildLayeredImage` of nixpkgs, `docker save` and skopeo make
 * them: a tar, plain or compressed, which only its bytes tell, never its name. Config and layers are the archive's own.
 *
 * Layers of a plain archive are slices of the store's file: no byte is copied. A compressed one is unpacked once
 * (unpack/unpack-cache.ts), and what is in it is noted, so that its manifest needs nothing unpacked after a restart.
 */
import { open } from 'node:fs/promises'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parseDigest } from '../core/digest.ts'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import type { Archives } from '../unpack/archives.ts'
import { MAGIC_SIZE, compressionOf, decompressed, type Compression } from '../unpack/compression.ts'
import type { PackedFile } from '../unpack/unpack-cache.ts'
import { mayBeDockerArchive, readDockerImages, type ArchivedImage } from './docker-images.ts'
import type { Source, SourceOptions } from './source.ts'
import type { ReadAt } from './tar-entries.ts'

/** Enough for the first headers: a dozen entries of `buildImage` come before its first layer's bytes. */
const START_SIZE = 16 * 1024
/** Changes with what is noted, and with what is refused. */
const NOTE_VERSION = 2

const Note = Type.Array(
  Type.Object({
    tags: Type.Array(Type.String()),
    config: Type.String(),
    layers: Type.Array(
      Type.Object({
        name: Type.String(),
        offset: Type.Integer(),
        length: Type.Integer(),
        mediaType: Type.Optional(Type.String()),
        digest: Type.Optional(Type.String()),
        diffId: Type.Optional(Type.String()),
      }),
    ),
  }),
)
const noteValidator = Compile(Note)

/**
 * @param options `tag` names one of the archive's images by the tag part of its `RepoTags`; where several have it, as
 * `one:v1` and `other:v1` do, the first of them: the name before it is no tag, and can't be asked for.
 * @returns nothing for a file that is no docker archive.
 * @throws RegistryError `unservable` for one that is broken, `manifest-unknown` for a tag that it hasn't.
 */
export async function readDockerArchive(
  path: StorePath,
  size: number,
  { tag, archives }: SourceOptions,
): Promise<Source | undefined> {
  const start = await readFrom(path, (read) => read(0, START_SIZE))
  const compression = compressionOf(start.subarray(0, MAGIC_SIZE))
  if (compression === undefined) {
    if (!(await mayBeDockerArchive(start))) return undefined
    const images = await readFrom(path, (read) => readDockerImages(read, size, path))
    return images === undefined ? undefined : sourceOf(path, images, tag)
  }
  if (archives === undefined) {
    if (!(await mayBeDockerArchive(await startOf(path, compression)))) return undefined
    throw new RegistryError('unservable', `${path}: a compressed archive, with no place to unpack it`)
  }
  const packed = { path, compression, narHash: await archives.narHash(path) }
  const images = await unpackedImages(packed, archives)
  return images === undefined ? undefined : sourceOf(path, images, tag, packed)
}

function sourceOf(
  path: StorePath,
  images: readonly ArchivedImage[],
  tag: string | undefined,
  packed?: PackedFile,
): Source {
  const tags = [...new Set(images.flatMap((image) => image.tags))]
  const image = tag === undefined ? images[0] : images.find((candidate) => candidate.tags.includes(tag))
  if (image === undefined)
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag: tag ?? '', tags } })
  return {
    kind: 'docker archive',
    config: { kind: 'given', bytes: image.config },
    layers: image.layers.map(({ name, offset, length, ...said }) => ({
      kind: 'stored',
      place: { file: path, offset, length, ...(packed === undefined ? {} : { packed }) },
      createdBy: name,
      ...said,
    })),
    tags,
  }
}

async function unpackedImages(
  packed: PackedFile,
  { cache, notes }: Archives,
): Promise<readonly ArchivedImage[] | undefined> {
  const key = `docker archive ${NOTE_VERSION} ${packed.narHash}`
  const noted = notes.note(key)
  if (noted !== undefined) return parseNote(noted)
  if (!(await mayBeDockerArchive(await startOf(packed.path, packed.compression)))) return undefined
  const unpacked = await cache.use(packed)
  try {
    const images = await readFrom(unpacked.path, (read) => readDockerImages(read, unpacked.size, packed.path))
    notes.putNote(key, noteOf(images))
    return images
  } finally {
    unpacked.release()
  }
}

/** That it is no docker archive is worth a note too. */
function noteOf(images: readonly ArchivedImage[] = []): string {
  return JSON.stringify(
    images.map((image) => ({ ...image, config: Buffer.from(image.config).toString('base64') })),
  )
}

function parseNote(text: string): readonly ArchivedImage[] | undefined {
  const noted = noteValidator.Parse(JSON.parse(text))
  if (noted.length === 0) return undefined
  return noted.map(({ tags, config, layers }) => ({
    tags,
    config: Buffer.from(config, 'base64'),
    layers: layers.map(({ digest, diffId, ...layer }) => ({
      ...layer,
      ...(digest === undefined ? {} : { digest: parseDigest(digest) }),
      ...(diffId === undefined ? {} : { diffId: parseDigest(diffId) }),
    })),
  }))
}

/** The first bytes of what it holds; none of a file that isn't what its magic says. */
async function startOf(path: StorePath, compression: Compression): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of decompressed(path, compression)) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= START_SIZE) break
    }
  } catch (error) {
    if (!(error instanceof RegistryError && error.kind === 'unservable')) throw error
  }
  return Buffer.concat(chunks)
}

async function readFrom<T>(path: string, use: (read: ReadAt) => Promise<T>): Promise<T> {
  const unavailable = (cause: unknown): never => {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError('unavailable', `cannot read ${path}`, { cause })
  }
  const file = await open(path).catch(unavailable)
  try {
    return await use(async (position, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    })
  } catch (error) {
    return unavailable(error)
  } finally {
    await file.close()
  }
}
