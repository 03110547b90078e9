/** Tells which kind of image a store path is. The order of the questions decides where a path could be two. */
import { lstat } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { readJsonObject } from './json-file.ts'
import { layoutDirectory, layoutTar } from './layout-files.ts'
import { snapshotterImage } from './nix-snapshotter.ts'
import { nix2containerImage } from './nix2container.ts'
import { readDockerArchive } from './docker-archive.ts'
import { packageSource } from './package.ts'
import { readPushlessImage } from './pushless-image.ts'
import type { Source, SourceOptions } from './source.ts'
import { confOfScript, readConf, streamedImage } from './streamed-image.ts'

/** Images built upon images: a file that names itself as its base would never end. */
const MAX_DEPTH = 8

/**
 * The parts of the image that a valid store path is.
 * @throws RegistryError `denied` when it is no image, `unservable` when it is a broken one.
 */
export async function readSource(
  path: StorePath,
  options: SourceOptions = { tag: undefined },
): Promise<Source> {
  const source = await sourceAt(path, options, 0)
  if (source === undefined) throw new RegistryError('denied', `not an image: ${path}`)
  const { tag } = options
  const { tags = [] } = source
  if (tag !== undefined && !tags.includes(tag)) {
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag, tags } })
  }
  return source
}

async function sourceAt(path: StorePath, options: SourceOptions, depth: number): Promise<Source | undefined> {
  if (depth > MAX_DEPTH) throw new RegistryError('unservable', `${path}: images upon images, too many`)
  const stat = await lstat(path).catch((cause: unknown) => {
    throw new RegistryError('unavailable', `store path vanished: ${path}`, { cause })
  })
  const layout = stat.isDirectory()
    ? await layoutDirectory(path)
    : stat.isFile()
      ? await layoutTar(path).catch(leaveBrokenTar)
      : undefined
  const snapshotter = layout === undefined ? undefined : await snapshotterImage(layout)
  if (snapshotter !== undefined) return snapshotter
  if (stat.isDirectory()) return packageSource(path)
  if (!stat.isFile()) return undefined
  const readBase = async (base: StorePath): Promise<Source> => {
    const source = await sourceAt(base, { ...options, tag: undefined }, depth + 1)
    if (source !== undefined) return source
    throw new RegistryError('unservable', `${path}: its base is no image: ${base}`)
  }
  return (
    (await readPushlessImage(path, stat.size)) ??
    (await readPathImage(path, stat.size, readBase)) ??
    (await readDockerArchive(path, stat.size, options))
  )
}

/** What is wrong with a tar is for the kind that reads all of them to say. */
function leaveBrokenTar(cause: unknown): undefined {
  if (!(cause instanceof RegistryError) || cause.kind !== 'unservable') throw cause
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
