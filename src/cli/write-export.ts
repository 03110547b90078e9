/** Writes exported images: as an archive, as a directory, or the files of one image as a file system. */
import { archiveFiles, type Exported, type Format } from '../archive/archive-files.ts'
import { writeArchive, writeDirectory, type Place } from '../archive/output.ts'
import { tarArchive, tarSize, type ReadLayer } from '../archive/tar-archive.ts'
import type { Encoding } from '../layer/compressor.ts'
import type { Registry } from '../registry/registry.ts'
import type { ExportProgress } from './display/export-progress.ts'

type Written = {
  readonly format: Format
  readonly encoding: Encoding | undefined
  /** Whether the output is a file system with the files of the image, instead of an archive. */
  readonly isFileSystem: boolean
}

/** As shells have it: 128 and the signal's number. */
export const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const

/** Writes what was exported to its place. @returns the exit status. @throws OutputError, BrokenPipe, RegistryError of any kind. */
export async function writeExport(
  exported: readonly Exported[],
  registry: Registry,
  place: Place,
  { format, encoding, isFileSystem }: Written,
  progress: ExportProgress,
): Promise<number> {
  const files = archiveFiles(exported, format)
  const layers = files.filter(({ kind }) => kind === 'layer').length
  const images = exported.map(({ name, top: { digest } }) => ({ name, digest }))
  const read: ReadLayer = async function* ({ reference, digest, size }) {
    const blob = await registry.blob(reference, digest)
    yield* blob.read({ start: 0, end: size })
    progress.layerEnded()
  }
  if (isFileSystem) return writeFileSystem(exported, registry, place, progress)
  const isDirectory = place.kind === 'directory'
  const bytes = isDirectory ? files.reduce((sum, { size }) => sum + size, 0) : tarSize(files)
  progress.began({ bytes, layers, images })
  return interruptible(place, async (signal) => {
    if (isDirectory) await writeDirectory(place, files, (layer) => counted(read(layer), progress), signal)
    else await writeArchive(place, counted(tarArchive(files, read), progress), encoding, signal)
    progress.ended()
  })
}

/** Writes the one layer of the one image. */
async function writeFileSystem(
  exported: readonly Exported[],
  registry: Registry,
  place: Place,
  progress: ExportProgress,
): Promise<number> {
  const images = exported.map(({ name, top: { digest } }) => ({ name, digest }))
  const layers = exported.flatMap(({ reference, images: made }) =>
    made.flatMap((image) => image.layers.map((layer) => ({ reference, layer }))),
  )
  progress.began({
    bytes: layers.reduce((sum, { layer }) => sum + layer.size, 0),
    layers: layers.length,
    images,
  })
  async function* bytes() {
    for (const { reference, layer } of layers) {
      const blob = await registry.blob(reference, layer.digest, 'erofs file')
      yield* blob.read({ start: 0, end: layer.size })
      progress.layerEnded()
    }
  }
  return interruptible(place, async (signal) => {
    if (place.kind !== 'directory') await writeArchive(place, counted(bytes(), progress), undefined, signal)
    progress.ended()
  })
}

/**
 * Removes the unfinished file when the process is interrupted. A pipe leaves nothing to remove, and a blocked write to
 * it may delay our signal handlers, so there the system's own handling stays.
 */
async function interruptible(place: Place, work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController()
  let status = 0
  const onSignal = (signal: NodeJS.Signals) => {
    status = signal in STATUS ? STATUS[signal as keyof typeof STATUS] : 1
    stop.abort()
  }
  const signals =
    place.kind === 'stream' || place.kind === 'special' ? [] : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  for (const signal of signals) process.once(signal, onSignal)
  try {
    await work(stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
  }
  return status
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  { passed }: ExportProgress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const { length } = chunk
    yield chunk
    passed(length)
  }
}
