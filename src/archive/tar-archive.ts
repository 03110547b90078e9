/**
 * Files as one tar, as a stream without a copy. The headers are those of our layers (core/tar/tar-header.ts), so that
 * the bytes are ours to keep stable. Not tar-stream's pack: it queues what it is given while asking for more, and the
 * memory of our chunks is used again by then (layer/stream.ts); each would have to be copied first.
 */
import { asByteString, encodeText } from '../core/byte-string.ts'
import { tarHeader, type TarEntry } from '../core/tar/tar-header.ts'
import { TRAILER_SIZE, padded } from '../core/tar/ustar-block.ts'
import type { ArchiveFile } from './archive-files.ts'

/** Reads a layer: chunks, each valid until the next is asked for. */
export type ReadLayer = (layer: Extract<ArchiveFile, { kind: 'layer' }>) => AsyncIterable<Uint8Array>

const DIRECTORIES: readonly TarEntry[] = ['blobs', 'blobs/sha256'].map((name) => ({
  kind: 'directory',
  name: asByteString(name),
  mode: 0o755,
}))
const FILE_MODE = 0o644
const ZEROS = new Uint8Array(TRAILER_SIZE)

/** Chunks, each valid until the next is asked for. @throws what `read` throws; the tar is cut then. */
export async function* tarArchive(
  files: readonly ArchiveFile[],
  read: ReadLayer,
): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(DIRECTORIES.map(tarHeader))
  for (const file of files) {
    yield tarHeader(entryOf(file))
    yield* contentOf(file, read)
    const padding = padded(file.size) - file.size
    if (padding > 0) yield ZEROS.subarray(0, padding)
  }
  yield ZEROS
}

/** Bytes of the whole tar. */
export function tarSize(files: readonly ArchiveFile[]): number {
  const headers = [...DIRECTORIES, ...files.map(entryOf)].reduce(
    (sum, entry) => sum + tarHeader(entry).length,
    0,
  )
  return files.reduce((sum, { size }) => sum + padded(size), headers + TRAILER_SIZE)
}

export async function* contentOf(file: ArchiveFile, read: ReadLayer): AsyncGenerator<Uint8Array> {
  if (file.kind === 'bytes') yield file.bytes
  else yield* read(file)
}

function entryOf({ name, size }: ArchiveFile): TarEntry {
  return { kind: 'file', name: encodeText(name), mode: FILE_MODE, size }
}
