/** Tells which kind of image a store path is. The order of the questions decides where a path could be two. */
import { RegistryError } from '../core/errors/errors.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { readBaseImage, type ReadBase } from './base-image.ts'
import { readDockerArchive } from './archive/docker-archive.ts'
import { openArchive, type ImageArchive } from './archive/image-archive.ts'
import { jsonObjectIn } from './files/json-file.ts'
import type { FileStart } from './files/path-start.ts'
import { layoutDirectory, layoutTar, type LayoutFiles } from './layout/layout-files.ts'
import { multiPlatformImage } from './multi-platform-image.ts'
import { snapshotterImage } from './layout/nix-snapshotter.ts'
import { nix2containerImage } from './nix2container/nix2container.ts'
import { readLayout } from './layout/oci-layout.ts'
import { packageSource } from './package.ts'
import { pushlessImage } from './pushless-image.ts'
import { readStart } from './reader-work.ts'
import type { LayoutIndex, PlatformList, Source, SourceOptions } from './source.ts'
import { confOfScript, readConf, streamedImage } from './streamed-image/streamed-image.ts'

/** The kinds of a store path: one image, or an index of several. */
export type Root = Source | LayoutIndex | PlatformList

/**
 * Reads a valid store path.
 * @throws RegistryError `denied` when it is no image, `manifest-unknown` for a tag that it hasn't, `unservable` when
 * it
 * is a broken one.
 */
export async function readRoot(path: StorePath, options: SourceOptions): Promise<Root> {
  const root = await find(path, options)
  if (root === undefined) throw new RegistryError('denied', `not an image: ${path}`)
  return root
}

/** A layout comes before all else: what `docker save` writes is one and a Docker archive, too. */
async function find(path: StorePath, options: SourceOptions): Promise<Root | undefined> {
  const { files } = options
  await files.assertMember(path)
  const start = await readStart(path, files).catch((cause: unknown) => {
    // What is in the image's closure is there: a base that isn't never was in it, and waiting doesn't help.
    if ((options.depth ?? 0) > 0)
      throw new RegistryError('unservable', `its base is not there: ${path}`, { cause })
    throw cause
  })
  if (start.kind === 'directory') {
    const layout = await layoutDirectory(path, files)
    return layout === undefined
      ? tagged(await packageSource(path, files), options)
      : layoutImage(layout, options)
  }
  if (start.kind === 'other') return undefined
  const archive = await openArchive(path, start, options)
  if (archive !== undefined) return archivedImage(archive, options)
  const image = await describedImage(path, start, options)
  return image === undefined ? undefined : tagged(image, options)
}

async function archivedImage(archive: ImageArchive, options: SourceOptions): Promise<Root | undefined> {
  const layout = layoutTar(archive)
  return layout === undefined ? readDockerArchive(archive, options.tag) : layoutImage(layout, options)
}

async function layoutImage(layout: LayoutFiles, options: SourceOptions): Promise<Root> {
  // First, since it says what is broken about a layout.
  const read = await readLayout(layout, options)
  return (await snapshotterImage(layout)) ?? read
}

/** The kinds that are a file which says what is in the image. */
async function describedImage(
  path: StorePath,
  start: FileStart,
  options: SourceOptions,
): Promise<Source | PlatformList | undefined> {
  const above = {
    path,
    depth: options.depth ?? 0,
    find: (base: StorePath, at: Pick<SourceOptions, 'depth' | 'tag'>) => find(base, { ...options, ...at }),
  }
  const readBase: ReadBase = (base, wanted) => readBaseImage(above, base, wanted)
  const { files } = options
  const script = await confOfScript(path, start, files)
  if (script !== undefined) {
    const conf = await readConf(script, files)
    return conf === undefined ? undefined : streamedImage(script, conf, { readBase, files })
  }
  const value = await jsonObjectIn(path, start, files)
  if (value === undefined) return undefined
  return (
    multiPlatformImage(path, value) ??
    (await pushlessImage(path, value, { readBase, files })) ??
    (await streamedImage(path, value, { readBase, files })) ??
    (await nix2containerImage(path, value, files))
  )
}

/** For kinds that are given back whatever their tags. @throws RegistryError `manifest-unknown`. */
function tagged<T extends Source | PlatformList>(root: T, { tag }: SourceOptions): T {
  const tags = root.kind === 'platforms' ? [] : (root.tags ?? [])
  if (tag === undefined || tags.includes(tag)) return root
  throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag, tags } })
}
