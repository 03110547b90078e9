/** Tells which kind of image a store path is. The order of the questions decides where a path could be two. */
import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { readDockerArchive } from './docker-archive.ts'
import { readJsonObject } from './json-file.ts'
import { layoutDirectory, layoutTar } from './layout-files.ts'
import { readMultiPlatformImage } from './multi-platform-image.ts'
import { snapshotterImage } from './nix-snapshotter.ts'
import { nix2containerImage } from './nix2container.ts'
import { readLayout } from './oci-layout.ts'
import { packageSource } from './package.ts'
import { readPushlessImage } from './pushless-image.ts'
import type { LayoutIndex, PlatformList, Source, SourceOptions } from './source.ts'
import { confOfScript, readConf, streamedImage } from './streamed-image.ts'

/** What a store path may be: one image, or an index of several. */
export type Root = Source | LayoutIndex | PlatformList

/** Images built upon images: a file that names itself as its base would never end. */
const MAX_DEPTH = 8

/**
 * What a valid store path is. A layout comes before all else: what `docker save` writes is one and a Docker archive, too.
 * @throws RegistryError `denied` when it is no image, `manifest-unknown` for a tag that it hasn't, `unservable` when it
 * is a broken one.
 */
export async function readRoot(path: StorePath, options: SourceOptions = { tag: undefined }): Promise<Root> {
  const stat = await lstat(path).catch(() => undefined)
  let broken: RegistryError | undefined
  if (stat?.isDirectory() === true || stat?.isFile() === true) {
    // A compressed tar of a layout is read here, too, once it is unpacked: `layoutTar(path, unpacked)`.
    const reading = stat.isDirectory() ? layoutDirectory(path) : layoutTar(path)
    const layout = await reading.catch((cause: unknown) => {
      if (!(cause instanceof RegistryError) || cause.kind !== 'unservable') throw cause
      broken = cause
      return undefined
    })
    if (layout !== undefined) {
      // First, since it says what is broken about a layout.
      const read = await readLayout(layout, options)
      return (await snapshotterImage(layout)) ?? read
    }
  }
  const list = stat?.isFile() === true ? await readMultiPlatformImage(path, stat.size) : undefined
  if (list !== undefined && options.tag !== undefined) throw unknownTag(options.tag, [])
  if (list !== undefined) return list
  return readSource(path, options).catch((cause: unknown) => {
    // A broken tar is the other kind's to explain, if it is one.
    const isNone = cause instanceof RegistryError && cause.kind === 'denied'
    throw isNone && broken !== undefined ? broken : cause
  })
}

/**
 * The parts of the one image that a valid store path is: of every kind that is never an index.
 * @throws RegistryError `denied` when it is no image, `unservable` when it is a broken one.
 */
export async function readSource(
  path: StorePath,
  options: SourceOptions = { tag: undefined },
): Promise<Source> {
  const stat = await lstat(path).catch((cause: unknown) => {
    throw new RegistryError('unavailable', `store path vanished: ${path}`, { cause })
  })
  const source = await sourceAt(path, stat, options)
  if (source === undefined) throw new RegistryError('denied', `not an image: ${path}`)
  const { tag } = options
  const { tags = [] } = source
  if (tag !== undefined && !tags.includes(tag)) throw unknownTag(tag, tags)
  return source
}

async function sourceAt(path: StorePath, stat: Stats, options: SourceOptions): Promise<Source | undefined> {
  const { depth = 0 } = options
  if (depth > MAX_DEPTH) throw new RegistryError('unservable', `${path}: images upon images, too many`)
  if (stat.isDirectory()) return packageSource(path)
  if (!stat.isFile()) return undefined
  const readBase = async (base: StorePath, ofBase: Partial<SourceOptions> = {}) =>
    baseAt(base, { ...options, tag: undefined, depth: depth + 1, ...ofBase })
  return (
    (await readPushlessImage(path, stat.size, readBase, depth)) ??
    (await readPathImage(path, stat.size, readBase)) ??
    (await readDockerArchive(path, stat.size, options))
  )
}

/** One image, of whatever kind. @throws RegistryError `unservable` for what is none, or several. */
async function baseAt(path: StorePath, options: SourceOptions): Promise<Source> {
  // What is in the image's closure is there: this never was, and waiting doesn't help.
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  if (!isThere) throw new RegistryError('unservable', `a base is not there: ${path}`)
  const found = await readRoot(path, options).catch((cause: unknown) => {
    if (!(cause instanceof RegistryError) || cause.kind !== 'denied') throw cause
    throw new RegistryError('unservable', `a base is no image: ${path}`, { cause })
  })
  if (!('shape' in found)) return found
  throw new RegistryError(
    'unservable',
    `a base is several images, of which one is to be named by its tag: ${path}`,
  )
}

/** The kinds that list store paths in JSON. */
async function readPathImage(
  path: StorePath,
  size: number,
  readBase: (base: StorePath) => Promise<Source>,
): Promise<Source | undefined> {
  const script = await confOfScript(path, size)
  const conf = script ?? path
  const value = await (script === undefined ? readJsonObject(path, size) : readConf(script))
  if (value === undefined) return undefined
  return (
    (await streamedImage(path, conf, value, readBase)) ??
    (script === undefined ? await nix2containerImage(path, value) : undefined)
  )
}

function unknownTag(tag: string, tags: readonly string[]): RegistryError {
  return new RegistryError('manifest-unknown', 'no such tag', { detail: { tag, tags } })
}
