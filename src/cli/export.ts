/**
 * `pushless export`: images as an archive, for nodes that reach no registry. Streams out of the store as the server
 * does, with no copy on the way, and needs no server.
 */
import { workName } from '../store/work.ts'
import pLimit from 'p-limit'
import type { Settings } from '../settings/settings.ts'
import { archiveFiles, type Exported, type Format } from '../archive/archive-files.ts'
import { manifestName, parseArchiveName } from '../archive/archive-name.ts'
import {
  BrokenPipe,
  OutputError,
  findPlace,
  writeArchive,
  writeDirectory,
  type Place,
} from '../archive/output.ts'
import { machinePlatform, parsePlatform } from '../archive/platform.ts'
import { tarArchive, tarSize, type ReadLayer } from '../archive/tar-archive.ts'
import type { Encoding } from '../layer/compressor.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Platform } from '../core/oci/image.ts'
import type { Store } from '../store/store.ts'
import type { Image } from '../registry/artifact/image.ts'
import { fits, platformName } from '../core/oci/platform.ts'
import { imageFor, type Artifact } from '../registry/artifact/image-index.ts'
import type { Registry } from '../registry/registry.ts'
import { openRegistry } from '../open-registry.ts'
import { SILENT, jsonProgress, terminalProgress, type ExportProgress } from './display/export-progress.ts'
import { parseImageArgument, type ImageArgument } from './image-argument.ts'
import { NO_HOLD_MS } from './no-hold.ts'
import { UsageError } from './usage-error.ts'

export type ExportOptions = {
  /** Standard output where none is named. */
  readonly output: string | undefined
  readonly format: Format
  /** In the archive, instead of the name that manifests have for it. */
  readonly name: string | undefined
  /** `os/arch` or `os/arch/variant`; of several, defaults to this machine's. */
  readonly platform: string | undefined
  readonly isForced: boolean
  readonly encoding: Encoding | undefined
  readonly progress: 'none' | 'json' | 'terminal'
}

/** Each is hashed by all reader threads. */
const IMAGES_AT_ONCE = 4
/** As shells have it: 128 and the signal's number. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const

/** @returns the exit status. @throws UsageError, OutputError, RegistryError of any kind. */
export async function exportImages(
  names: readonly string[],
  settings: Settings,
  options: ExportOptions,
): Promise<number> {
  const chosenName = chooseName(names, options.name)
  const platform = choosePlatform(options.platform)
  const place = await placeOf(options)
  const found = await Promise.all(names.map(parseImageArgument))
  const progress = progressOf(options.progress)
  const { registry, store, close } = openRegistry(
    { ...settings, keepDays: 0, clientWork: 0, maxQueued: Math.max(settings.maxQueued, names.length) },
    {
      holdMs: NO_HOLD_MS,
      onRootTrouble: () => undefined,
      onWork: (work, event) => {
        if (event.kind === 'started') progress.making(workName(work))
        if (event.kind === 'log') progress.log(event.line)
      },
    },
  )
  const releases: (() => void)[] = []
  try {
    const limit = pLimit(IMAGES_AT_ONCE)
    const exported = await Promise.all(
      found.map((argument) =>
        limit(async () => {
          const image = await findImage(argument, { chosenName, platform }, registry, store)
          releases.push(...image.images.map((each) => registry.pin(each)))
          return image
        }),
      ),
    )
    // What was named twice is there once.
    const distinct = [...new Map(exported.map((image) => [image.name, image])).values()]
    return await write(distinct, registry, place, options, progress)
  } catch (error) {
    progress.failed()
    if (error instanceof BrokenPipe) return STATUS.SIGPIPE
    throw error
  } finally {
    for (const release of releases) release()
    await close()
  }
}

async function findImage(
  { reference, tag, host, isTagged }: ImageArgument,
  {
    chosenName,
    platform,
  }: { readonly chosenName: string | undefined; readonly platform: Platform | undefined },
  registry: Registry,
  store: Store,
): Promise<Exported> {
  const image = await imageOf(await registry.artifact(reference, tag), platform)
  // Manifests name a derivation by its own path, not by that of what it makes.
  const named = (await store.pathFromHash(reference.storeHash)) ?? image.root
  return {
    name: chosenName ?? manifestName(named, host, isTagged ? tag : 'nix'),
    reference,
    top: image.manifest,
    images: [image],
  }
}

/**
 * One image, also of an index: a node runs one, docker's format holds no index, and the others may be impossible to
 * make here.
 */
async function imageOf(artifact: Artifact, platform: Platform | undefined): Promise<Image> {
  if (artifact.kind === 'index') return imageFor(artifact, platform ?? machinePlatform(process.arch))
  if (platform === undefined || (artifact.platform !== undefined && fits(artifact.platform, platform)))
    return artifact
  const found = artifact.platform === undefined ? 'no image' : platformName(artifact.platform)
  throw new RegistryError('manifest-unknown', `no image for ${platformName(platform)}`, {
    detail: { path: artifact.root, platforms: [found] },
  })
}

async function write(
  exported: readonly Exported[],
  registry: Registry,
  place: Place,
  { format, encoding }: ExportOptions,
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
  const isDirectory = place.kind === 'directory'
  const bytes = isDirectory ? files.reduce((sum, { size }) => sum + size, 0) : tarSize(files)
  progress.began({ bytes, layers, images })
  return interruptible(place, async (signal) => {
    if (isDirectory) await writeDirectory(place, files, (layer) => counted(read(layer), progress), signal)
    else await writeArchive(place, counted(tarArchive(files, read), progress), encoding, signal)
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

async function placeOf({ output, format, isForced }: ExportOptions): Promise<Place> {
  const isDirectory = format === 'oci'
  if (output !== undefined && output !== '-') {
    return findPlace(output, isDirectory, isForced).catch((error: unknown) => {
      throw error instanceof OutputError ? new UsageError(error.message, { cause: error }) : error
    })
  }
  if (isDirectory) throw new UsageError('--format oci writes a directory: name it with --output')
  if (process.stdout.isTTY) {
    throw new UsageError(
      'an archive is nothing for a terminal: pipe it (| docker load, | ctr image import -), or name a file with --output',
    )
  }
  return { kind: 'stream', stream: process.stdout, name: 'standard output' }
}

function chooseName(names: readonly string[], name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  if (names.length > 1) throw new UsageError(`--name: ${names.length} images can't all have one name`)
  const parsed = parseArchiveName(name)
  if (parsed === undefined) throw new UsageError(`--name: not an image name: ${name}`)
  return parsed
}

function choosePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined
  const parsed = parsePlatform(text)
  if (parsed === undefined) throw new UsageError(`--platform: not os/arch or os/arch/variant: ${text}`)
  return parsed
}

function progressOf(kind: ExportOptions['progress']): ExportProgress {
  switch (kind) {
    case 'none':
      return SILENT
    case 'json':
      return jsonProgress((text) => process.stderr.write(text))
    case 'terminal':
      return terminalProgress(process.stderr)
  }
}
