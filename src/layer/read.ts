/**
 * The bytes behind segments, read from the store. A file that vanished or has another size than when it was hashed is
 * an error, so that the connection is cut: a blob is never finished with other bytes. Synchronous: see walk.ts.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { RegistryError } from '../core/errors.ts'
import { segmentLength, type Segment } from '../core/segment.ts'
import { fsPath } from './walk.ts'

type FileSegment = Extract<Segment, { kind: 'file' }>

/** Fills the start of `buffer` with the segments, one behind the other. @returns how many bytes that were. */
export function readSegments(segments: readonly Segment[], buffer: Uint8Array): number {
  let at = 0
  for (const segment of segments) {
    const room = buffer.subarray(at, at + segmentLength(segment))
    switch (segment.kind) {
      case 'bytes':
        room.set(segment.bytes)
        break
      case 'zeros':
        room.fill(0)
        break
      case 'file':
        readFile(segment, room)
        break
    }
    at += room.length
  }
  return at
}

/** @throws RegistryError `unavailable` when the file isn't the one that the segment was made from. */
function readFile({ path, offset, length, fileSize }: FileSegment, room: Uint8Array): void {
  let file: number
  try {
    file = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    throw new RegistryError('unavailable', `store file vanished: ${path}`, { cause })
  }
  try {
    // A file read to its end in one go shows its size by itself; only parts need to ask.
    const isWhole = offset === 0 && length === fileSize
    if (!isWhole && fstatSync(file).size !== fileSize) throw changed(path)
    let done = 0
    while (done < length) {
      const count = readSync(file, room, done, length - done, offset + done)
      if (count === 0) throw changed(path)
      done += count
    }
    if (isWhole && readSync(file, PROBE, 0, 1, fileSize) !== 0) throw changed(path)
  } finally {
    closeSync(file)
  }
}

const PROBE = new Uint8Array(1)

function changed(path: string): RegistryError {
  return new RegistryError('unavailable', `store file changed its size: ${path}`)
}
