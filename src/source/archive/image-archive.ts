/**
 * A tar of the store that may hold images, as Docker archives and tars of OCI layouts do: plain or compressed, which
 * only its bytes tell, never its name. Which of them it is, those say who know their files (docker-images.ts,
 * layout-files.ts).
 *
 * Files of a plain one are slices of the store's file: no byte is copied. A compressed one is unpacked once
 * (unpack/unpack-cache.ts); where its files are, and the documents that were read of it, are noted, so that a manifest
 * needs nothing unpacked after a restart.
 */
import { open, type FileHandle } from 'node:fs/promises'
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Archives } from '../../unpack/archives.ts'
import { MAGIC_SIZE, compressionOf, decompressed, type Compression } from '../../unpack/compression.ts'
import type { PackedFile } from '../../unpack/unpack-cache.ts'
import { readEntries, type ArchiveEntries } from './archive-entries.ts'
import type { ClosureFiles } from '../files/closure-files.ts'
import { START_SIZE, type FileStart } from '../files/path-start.ts'
import type { SourceOptions, StoredPlace } from '../source.ts'
import { tarEntries, type ReadAt } from './tar-entries.ts'

export type ImageArchive = {
  /** The archive itself, for errors. */
  readonly path: StorePath
  readonly entries: ArchiveEntries
  /** Returns the place of a file's bytes. */
  readonly place: (file: Stretch) => StoredPlace
  /** All bytes of a document. @throws RegistryError `unservable` or `unavailable` when it can't be unpacked again. */
  readonly read: (document: Stretch) => Promise<Buffer>
}

type Stretch = { readonly offset: number; readonly size: number }

/** Changes with what is noted, and with what is refused. */
const NOTE_VERSION = 3
/** In every header of a tar that isn't older than 1988 (POSIX.1, "ustar Interchange Format"). */
const TAR_MAGIC = 'ustar'
const MAGIC_AT = 257
/** Directories of archives of images; nothing else of theirs is below one. */
const KNOWN_DIRECTORY = /^(?:[0-9a-f]{64}|blobs)$/

const noteValidator = validatorOf(
  Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Enum(['file', 'directory', 'hard link', 'symlink', 'other']),
      offset: Type.Integer(),
      size: Type.Integer(),
      target: Type.String(),
      compression: Type.Optional(Type.Enum(['gzip', 'zstd'])),
      isTwice: Type.Boolean(),
    }),
  ),
)

/**
 * @returns nothing for what is no tar, or one of other things: the store is full of those, and they are neither
 * unpacked nor spoken of.
 * @throws RegistryError `unservable` for one that is broken, `denied` for one that may not be unpacked, `unavailable`.
 */
export async function openArchive(
  path: StorePath,
  { size, bytes }: FileStart,
  { archives, files }: Pick<SourceOptions, 'archives' | 'files'>,
): Promise<ImageArchive | undefined> {
  const inStore = () => files.open(path)
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const compression = compressionOf(start.subarray(0, MAGIC_SIZE))
  if (compression !== undefined) return openPacked(path, compression, archives, files)
  if (!(await mayHoldImages(start))) return undefined
  return {
    path,
    entries: await readFrom(path, inStore, (read) => readEntries(read, size, path)),
    place: (file) => ({ file: path, offset: file.offset, length: file.size }),
    read: (document) => readFrom(path, inStore, (read) => read(document.offset, document.size)),
  }
}

async function openPacked(
  path: StorePath,
  compression: Compression,
  archives: Archives | undefined,
  files: ClosureFiles,
): Promise<ImageArchive | undefined> {
  const start = () => startOf(path, compression, files)
  if (archives === undefined) {
    if (!(await mayHoldImages(await start()))) return undefined
    throw new RegistryError('unservable', `${path}: a compressed archive, with no place to unpack it`)
  }
  await archives.demandTrusted(path)
  const packed = { path, compression, narHash: await archives.narHash(path) }
  const entries = await packedEntries(packed, archives, start)
  if (entries === undefined) return undefined
  return {
    path,
    entries,
    place: (file) => ({ file: path, offset: file.offset, length: file.size, packed }),
    read: (document) => packedDocument(packed, document, archives),
  }
}

async function packedEntries(
  packed: PackedFile,
  archives: Archives,
  start: () => Promise<Buffer>,
): Promise<ArchiveEntries | undefined> {
  const { notes } = archives
  const key = `archive ${NOTE_VERSION} ${packed.narHash}`
  const noted = notes.note(key)
  if (noted !== undefined)
    return new Map(noteValidator.Parse(JSON.parse(noted)).map((entry) => [entry.name, entry]))
  if (!(await mayHoldImages(await start()))) return undefined
  const entries = await readUnpacked(packed, archives, (read, size) => readEntries(read, size, packed.path))
  notes.putNote(key, JSON.stringify([...entries.values()]))
  return entries
}

async function packedDocument(
  packed: PackedFile,
  { offset, size }: Stretch,
  archives: Archives,
): Promise<Buffer> {
  const { notes } = archives
  const key = `document ${NOTE_VERSION} ${packed.narHash} ${offset} ${size}`
  const noted = notes.note(key)
  if (noted !== undefined) return Buffer.from(noted, 'base64')
  const bytes = await readUnpacked(packed, archives, (read) => read(offset, size))
  notes.putNote(key, bytes.toString('base64'))
  return bytes
}

async function readUnpacked<T>(
  packed: PackedFile,
  { cache }: Archives,
  use: (read: ReadAt, size: number) => Promise<T>,
): Promise<T> {
  const { path, size, release } = await cache.use(packed)
  try {
    return await readFrom(
      path,
      () => open(path),
      (read) => use(read, size),
    )
  } finally {
    release()
  }
}

/** Whether this may be the start of one. */
async function mayHoldImages(start: Buffer): Promise<boolean> {
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
    if (start.toString('latin1', MAGIC_AT, MAGIC_AT + TAR_MAGIC.length) === TAR_MAGIC) return true
  }
  return seen > 0
}

/** The first bytes of what it holds; none of a file that isn't what its magic says. */
async function startOf(path: StorePath, compression: Compression, files: ClosureFiles): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of decompressed(path, compression, files.fileOf(path))) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= START_SIZE) break
    }
  } catch (error) {
    if (!(error instanceof RegistryError && error.kind === 'unservable')) throw error
  }
  return Buffer.concat(chunks)
}

/** @param opens gives `undefined` for a file that is not there any more. */
async function readFrom<T>(
  path: string,
  opens: () => Promise<FileHandle | undefined>,
  use: (read: ReadAt) => Promise<T>,
): Promise<T> {
  const unavailable = (cause: unknown): never => {
    if (cause instanceof RegistryError) throw cause
    throw new RegistryError('unavailable', `cannot read ${path}`, { cause })
  }
  const file = await opens().catch(unavailable)
  if (file === undefined) throw new RegistryError('unavailable', `store path vanished: ${path}`)
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
