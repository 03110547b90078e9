/**
 * The files of an OCI layout, in a directory or a tar, plain or compressed, by their names in it. Source: OCI image-
 * spec, image-layout.md. A directory's may be links to other store paths, which then have to be in the image's closure.
 */
import { displayPath, encodeText } from '../../core/byte-string.ts'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { findDocument, findFile } from '../archive/archive-entries.ts'
import type { ClosureFiles } from '../files/closure-files.ts'
import type { ImageArchive } from '../archive/image-archive.ts'
import type { StoredPlace } from '../source.ts'

export type LayoutFiles = {
  /** The store path that is the layout, for errors. */
  readonly root: StorePath
  /** Nothing where there is no such file. @throws RegistryError `unservable` for what leads out of the closure. */
  readonly find: (name: string) => Promise<StoredPlace | undefined>
  /** All bytes there; fewer when it breaks off. @throws RegistryError `unavailable`. */
  readonly read: (place: StoredPlace) => Promise<Buffer>
}

/** The name of every layout's mark. */
const MARK = 'oci-layout'
const BLOBS = 'blobs/'
/** containerd, containers/image and Docker read no larger document. */
const MAX_DOCUMENT = 4 * 1024 * 1024

/** The name that a blob has in a layout. A digest has no character that could lead elsewhere. */
export function blobName(digest: Digest): string {
  return `${BLOBS}${digest.replace(':', '/')}`
}

/** The layout that a directory is, or nothing. */
export async function layoutDirectory(
  root: StorePath,
  closure: ClosureFiles,
): Promise<LayoutFiles | undefined> {
  const find = async (name: string): Promise<StoredPlace | undefined> => {
    const path = encodeText(join(root, name))
    const found = await closure.find(path)
    if (found !== undefined) {
      if (!found.stat.isFile()) throw new RegistryError('unservable', `${root}: ${name} is not a file`)
      return { file: found.path, offset: 0, length: found.stat.size }
    }
    const isLink = await lstat(closure.fileOf(path)).then(
      () => true,
      () => false,
    )
    if (isLink)
      throw new RegistryError('unservable', `${root}: ${name} leads out of the closure of the image`)
    return undefined
  }
  const mark = await lstat(closure.fileOf(encodeText(join(root, MARK)))).catch(() => undefined)
  return mark === undefined ? undefined : { root, find, read: (place) => readPlace(closure, place) }
}

/** The layout that a tar is, or nothing. */
export function layoutTar(archive: ImageArchive): LayoutFiles | undefined {
  if (!archive.entries.has(MARK)) return undefined
  return {
    root: archive.path,
    find: async (name) => {
      // Of two blobs with one name their digest tells whether the first is right.
      const file = name.startsWith(BLOBS) ? findFile(archive, name) : findDocument(archive, name)
      return file === undefined ? undefined : archive.place(file)
    },
    read: ({ offset, length }) => archive.read({ offset, size: length }),
  }
}

/** All bytes of a document. @throws RegistryError `unservable` for what is too large, `unavailable`. */
export async function readDocument(files: LayoutFiles, name: string, place: StoredPlace): Promise<Buffer> {
  const { root, read } = files
  const { length } = place
  if (length > MAX_DOCUMENT) {
    throw new RegistryError(
      'unservable',
      `${root}: ${name} has ${length} bytes, and clients read ${MAX_DOCUMENT} at most`,
    )
  }
  const bytes = await read(place)
  if (bytes.length < length) throw new RegistryError('unservable', `${root}: ${name} breaks off`)
  return bytes
}

async function readPlace(closure: ClosureFiles, { file, offset, length }: StoredPlace): Promise<Buffer> {
  const handle = await closure.open(file)
  if (handle === undefined)
    throw new RegistryError('unavailable', `store path vanished: ${displayPath(file)}`)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
