/**
 * Writes an archive to standard output, a file or a directory. A file is written beside its place and renamed, so
 * nobody ever finds half of it. A failure leaves nothing behind.
 */
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, constants, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemReason } from '../core/errors/system-error.ts'
import { compress, type Encoding } from '../layer/compressor.ts'
import type { ArchiveFile } from './archive-files.ts'
import { contentOf, type ReadLayer } from './tar-archive.ts'

/** It can't be written there; the message says where and why. */
export class OutputError extends Error {}

/** The reader of our output has gone. */
export class BrokenPipe extends Error {}

export type Place =
  | { readonly kind: 'stream'; readonly stream: NodeJS.WritableStream; readonly name: string }
  /** Written to as it is: a named pipe, a device, or /dev/fd/63 as shells make it. */
  | { readonly kind: 'special'; readonly path: string }
  /** Not there yet, or to be replaced. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string }

/** Chunks stay valid until they are written, so none is queued. */
const ONE_CHUNK = { highWaterMark: 1 } as const
/**
 * The place that `path` names, looked at before anything is built for it.
 * @param isForced whether what is there may be replaced.
 * @throws OutputError when it is taken or can't be written to.
 */
export async function findPlace(path: string, isDirectory: boolean, isForced: boolean): Promise<Place> {
  const at = await realpath(path).catch(() => path)
  const found = await stat(at).catch(() => undefined)
  if (found === undefined || found.isFile() || found.isDirectory()) {
    await access(join(dirname(at), '/'), constants.W_OK).catch((cause: unknown) => fail(path, cause))
  }
  if (isDirectory) {
    if (found !== undefined) await demandReplaceable(path, at, found.isDirectory(), isForced)
    return { kind: 'directory', path: at }
  }
  if (found?.isDirectory() === true)
    throw new OutputError(`${path}: is a directory (--format oci writes one)`)
  if (found !== undefined && !found.isFile()) return { kind: 'special', path: at }
  if (found !== undefined && !isForced)
    throw new OutputError(`${path}: is there already (--force replaces it)`)
  return { kind: 'file', path: at }
}

/** An empty directory is as good as none, and of full ones nothing is removed but what was made by this. */
async function demandReplaceable(
  path: string,
  at: string,
  isDirectory: boolean,
  isForced: boolean,
): Promise<void> {
  if (!isDirectory) throw new OutputError(`${path}: is there already, and is no directory`)
  const names = await readdir(at)
  if (names.length === 0) return
  if (!names.includes('oci-layout'))
    throw new OutputError(`${path}: holds something else than an OCI layout, which is never replaced`)
  if (!isForced) throw new OutputError(`${path}: is there already (--force replaces it)`)
}

/**
 * Writes chunks, each valid until the next is asked for.
 * @throws BrokenPipe, OutputError, the signal's reason, or what the chunks throw.
 */
export async function writeArchive(
  place: Exclude<Place, { kind: 'directory' }>,
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding | undefined,
  signal: AbortSignal,
): Promise<void> {
  switch (place.kind) {
    case 'stream':
      return pump(chunks, encoding, unqueued(place.stream), place.name, signal)
    case 'special': {
      const sink = createWriteStream(place.path, { flags: 'w', ...ONE_CHUNK })
      return pump(chunks, encoding, sink, place.path, signal)
    }
    case 'file':
      return replacing(place.path, async (temporary) =>
        pump(chunks, encoding, fileStream(temporary), place.path, signal),
      )
  }
}

/** Writes an OCI layout. @throws OutputError, the signal's reason, or what `read` throws. */
export async function writeDirectory(
  { path }: Extract<Place, { kind: 'directory' }>,
  files: readonly ArchiveFile[],
  read: ReadLayer,
  signal: AbortSignal,
): Promise<void> {
  await replacing(path, async (temporary) => {
    await mkdir(join(temporary, 'blobs/sha256'), { recursive: true }).catch((cause: unknown) =>
      fail(path, cause),
    )
    for (const file of files)
      await pump(contentOf(file, read), undefined, fileStream(join(temporary, file.name)), path, signal)
  })
}

async function pump(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding | undefined,
  sink: Writable,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (encoding === undefined) await pipeline(chunks, sink, { signal })
    else await pipeline(chunks, compress(encoding), sink, { signal })
  } catch (cause) {
    signal.throwIfAborted()
    fail(name, cause)
  }
}

/** Makes something beside `path`, and puts it there once it is whole. */
async function replacing(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const beside = (end: string) =>
    join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.${end}`)
  const temporary = beside('part')
  try {
    await make(temporary)
    // A directory takes the place of an empty one only.
    const isFull = await readdir(path).then(
      ({ length }) => length > 0,
      () => false,
    )
    const old = beside('old')
    if (isFull) await rename(path, old)
    await rename(temporary, path)
    if (isFull) await rm(old, { recursive: true, force: true })
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true })
    throw cause
  }
}

function fileStream(path: string): Writable {
  // `wx`: the name is random, so what is there isn't ours. `flush`: what is renamed must be on the disk before.
  return createWriteStream(path, { flags: 'wx', flush: true, ...ONE_CHUNK })
}

/** A stream that takes a chunk only when the one before has been taken from it; it is never closed. */
function unqueued(stream: NodeJS.WritableStream): Writable {
  const sink = new Writable({
    ...ONE_CHUNK,
    write: (chunk: Uint8Array, _encoding, done) => void stream.write(chunk, done),
  })
  // What a write fails with is told to `done`, too.
  stream.once('error', (error) => sink.destroy(error))
  return sink
}

/** @throws OutputError or BrokenPipe for what the system said of writing, and the rest as it is. */
function fail(name: string, cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  // Our own errors have no code; Node says this of a reader that was gone before anything was written.
  if (code === undefined) throw cause
  if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') throw new BrokenPipe(name, { cause })
  // The name is that of a file, which needn't be there.
  const reason = code === 'ENOENT' ? 'no such directory' : (systemReason(cause) ?? code)
  throw new OutputError(`${name}: cannot be written: ${reason}`, { cause })
}
