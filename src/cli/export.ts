/**
 * `pushless export`: images as an archive, for nodes that reach no registry. Streams out of the store as the server
 * does, with no copy on the way, and needs no server.
 */
import { workName } from '../store/work.ts'
import pLimit from 'p-limit'
import type { Settings } from '../settings/settings.ts'
import type { Exported, Format } from '../archive/archive-files.ts'
import { manifestName, parseArchiveName } from '../archive/archive-name.ts'
import { BrokenPipe, OutputError, findPlace, type Place } from '../archive/output.ts'
import { machinePlatform, parsePlatform } from '../archive/platform.ts'
import type { Encoding } from '../layer/compressor.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Platform } from '../core/oci/image.ts'
import type { Store } from '../store/store.ts'
import type { Image } from '../registry/artifact/image.ts'
import { fits, platformName } from '../core/oci/platform.ts'
import type { ImageForm } from '../registry/artifact/image-form.ts'
import { demandForm, imageFor, type Artifact } from '../registry/artifact/image-index.ts'
import type { Registry } from '../registry/registry.ts'
import { openRegistry } from '../open-registry.ts'
import { SILENT, jsonProgress, terminalProgress, type ExportProgress } from './display/export-progress.ts'
import { parseImageArgument, type ImageArgument } from './image-argument.ts'
import { NO_HOLD_MS } from './no-hold.ts'
import { UsageError } from './usage-error.ts'
import { STATUS, writeExport } from './write-export.ts'

export type ExportOptions = {
  /** Standard output where none is named. */
  readonly output: string | undefined
  readonly format: Format
  /** Whether the output is a file system with the files of the image, instead of an archive. */
  readonly isFileSystem: boolean
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

/** @returns the exit status. @throws UsageError, OutputError, RegistryError of any kind. */
export async function exportImages(
  names: readonly string[],
  settings: Settings,
  options: ExportOptions,
): Promise<number> {
  const chosenName = chooseName(names, options.name)
  const form = options.isFileSystem ? 'erofs file' : 'tar'
  if (options.isFileSystem && names.length > 1)
    throw new UsageError('--erofs writes one image, with all of its files')
  const platform = choosePlatform(options.platform)
  const place = await placeOf(options)
  const found = await Promise.all(names.map(parseImageArgument))
  const progress = progressOf(options.progress)
  const { registry, store, close } = await openRegistry(
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
          const image = await findImage(argument, { chosenName, platform, form }, registry, store)
          releases.push(...image.images.map((each) => registry.pin(each)))
          return image
        }),
      ),
    )
    // What was named twice is there once.
    const distinct = [...new Map(exported.map((image) => [image.name, image])).values()]
    return await writeExport(distinct, registry, place, options, progress)
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
    form,
  }: {
    readonly chosenName: string | undefined
    readonly platform: Platform | undefined
    readonly form: ImageForm
  },
  registry: Registry,
  store: Store,
): Promise<Exported> {
  const image = await imageOf(await registry.artifact(reference, tag, form), platform)
  demandForm(image, form)
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
