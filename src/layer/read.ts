/**
 * The bytes behind segments, read from the store. A file that vanished or has another size than when it was hashed is
 * an error, so that the connection is cut: a blob is never finished with other bytes. Synchronous: see walk.ts.
 */
import { asByteString, displayPath, fsPath, type ByteString } from '../core/byte-string.ts'
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { RegistryError } from '../core/errors/errors.ts'
import { unreadable } from '../core/errors/unreadable.ts'
import { SYSTEM_STORE, placeOf, type StoreDirectory } from '../core/nix/store-directory.ts'
import { segmentLength, type Segment } from '../core/tar/segment.ts'
import { STORE_DIR } from '../core/nix/store-path.ts'

/** A part of a file, and where in a chunk it goes. */
export type FilePart = Omit<Extract<Segment, { kind: 'file' }>, 'kind'> & { readonly at: number }

/**
 * Puts all but the files' bytes into their place, and says where the files' go: the caller's thread does the one, a
 * reader thread the other, so that no header is copied between the two.
 */
export function fillWithoutFiles(segments: Iterable<Segment>, buffer: Uint8Array): readonly FilePart[] {
  const parts: FilePart[] = []
  let at = 0
  for (const segment of segments) {
    const length = segmentLength(segment)
    switch (segment.kind) {
      case 'bytes':
        buffer.set(segment.bytes, at)
        break
      case 'file': {
        const { path, offset, fileSize } = segment
        parts.push({ path, offset, length, fileSize, at })
        break
      }
    }
    at += length
  }
  return parts
}

/**
 * @param store the files of the store.
 * @throws RegistryError `unavailable` when a file isn't the one that its part was made from.
 */
export function readFiles(
  parts: readonly FilePart[],
  buffer: Uint8Array,
  store: StoreDirectory = SYSTEM_STORE,
): void {
  let checked = ''
  for (const part of parts) {
    // Neighbours mostly share a directory. Not `dirname`, which takes a microsecond (measured).
    const directory = asByteString(part.path.slice(0, part.path.lastIndexOf('/')))
    readFile(part, buffer, { store, unchecked: directory === checked ? undefined : directory })
    checked = directory
  }
}

type Reading = {
  readonly store: StoreDirectory
  /** A directory that is to be checked before the file is read. */
  readonly unchecked: ByteString | undefined
}

function readFile(part: FilePart, buffer: Uint8Array, { store, unchecked }: Reading): void {
  try {
    if (unchecked !== undefined) assertNoLinks(unchecked, store)
    readOrThrow(part, placeOf(store, part.path), buffer)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    throw unreadable(displayPath(part.path), cause)
  }
}

/**
 * A path that was built again may have a link where a directory was, and the link may lead anywhere. Only directories
 * of the store are checked: all others are this server's own.
 */
function assertNoLinks(directory: ByteString, store: StoreDirectory): void {
  if (!directory.startsWith(`${STORE_DIR}/`)) return
  const place = placeOf(store, directory)
  if (realpathSync.native(fsPath(place), 'latin1') === place) return
  throw new RegistryError('unavailable', `store directory became a link: ${displayPath(directory)}`)
}

function readOrThrow(
  { path, offset, length, fileSize, at }: FilePart,
  place: ByteString,
  buffer: Uint8Array,
): void {
  const file = openSync(fsPath(place), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    // Read to its end, a file shows its size by itself: one byte more is asked for, and what was there put back.
    const next = offset + length === fileSize ? buffer[at + length] : undefined
    if (next === undefined && fstatSync(file).size !== fileSize) throw changed(path)
    const wanted = next === undefined ? length : length + 1
    let done = 0
    while (done < length) {
      const count = readSync(file, buffer, at + done, wanted - done, offset + done)
      if (count === 0) throw changed(path)
      done += count
    }
    if (done > length) throw changed(path)
    if (next !== undefined) buffer[at + length] = next
  } finally {
    closeSync(file)
  }
}

function changed(path: ByteString): RegistryError {
  return new RegistryError('unavailable', `store file changed its size: ${displayPath(path)}`)
}
