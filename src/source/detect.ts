/** Tells which kind of image a store path is. The order of the questions decides where a path could be two. */
import { lstat } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { readDockerArchive } from './docker-archive.ts'
import { packageSource } from './package.ts'
import { layoutDirectory, layoutTar } from './layout-files.ts'
import { readMultiPlatformImage } from './multi-platform-image.ts'
import { readLayout } from './oci-layout.ts'
import { readPushlessImage } from './pushless-image.ts'
import type { LayoutIndex, PlatformList, Source, SourceOptions } from './source.ts'

/** What a store path may be: one image, or an index of several. */
export type Root = Source | LayoutIndex | PlatformList

/**
 * What a valid store path is. A layout comes before all else: what `docker save` writes is one and a Docker archive, too.
 * @throws RegistryError `denied` when it is no image, `manifest-unknown` for a tag that it hasn't, `unservable` when it
 * is a broken one.
 */
export async function readRoot(path: StorePath, options: SourceOptions = { tag: undefined }): Promise<Root> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat?.isDirectory() === true || stat?.isFile() === true) {
    // A compressed tar of a layout is read here, too, once it is unpacked: `layoutTar(path, unpacked)`.
    const layout = await (stat.isDirectory() ? layoutDirectory(path) : layoutTar(path))
    if (layout !== undefined) return readLayout(layout, options)
  }
  const list = stat?.isFile() === true ? await readMultiPlatformImage(path, stat.size) : undefined
  if (list !== undefined && options.tag !== undefined) throw unknownTag(options.tag)
  return list ?? readSource(path, options)
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
  const source = stat.isDirectory()
    ? await packageSource(path)
    : stat.isFile()
      ? ((await readPushlessImage(
          path,
          stat.size,
          (base, ofBase) => readBase(base, { ...options, ...ofBase }),
          options.depth,
        )) ?? (await readDockerArchive(path, stat.size, options)))
      : undefined
  const { tag } = options
  if (source !== undefined && source.tags === undefined && tag !== undefined) {
    throw unknownTag(tag)
  }
  if (source !== undefined) return source
  throw new RegistryError('denied', `not an image: ${path}`)
}

/** One image, of whatever kind. @throws RegistryError `unservable` for several. */
async function readBase(path: StorePath, options: SourceOptions): Promise<Source> {
  const found = await readRoot(path, options)
  if (!('shape' in found)) return found
  throw new RegistryError(
    'unservable',
    `${path}: several images, of which an image builds upon one: say which by its tag`,
  )
}

function unknownTag(tag: string): RegistryError {
  return new RegistryError('manifest-unknown', 'no such tag', { detail: { tag, tags: [] } })
}
