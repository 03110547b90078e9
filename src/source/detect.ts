/** Tells which kind of image a store path is. The order of the questions decides where a path could be two. */
import { lstat } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { packageSource } from './package.ts'
import { readPushlessImage } from './pushless-image.ts'
import type { Source, SourceOptions } from './source.ts'

/**
 * The parts of the image that a valid store path is.
 * @throws RegistryError `denied` when it is no image, `unservable` when it is a broken one.
 */
export async function readSource(
  path: StorePath,
  { tag, depth = 0 }: SourceOptions = { tag: undefined },
): Promise<Source> {
  const stat = await lstat(path).catch((cause: unknown) => {
    throw new RegistryError('unavailable', `store path vanished: ${path}`, { cause })
  })
  const source = stat.isDirectory()
    ? await packageSource(path)
    : stat.isFile()
      ? await readPushlessImage(path, stat.size, readSource, depth)
      : undefined
  if (source !== undefined && tag !== undefined) {
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag, tags: [] } })
  }
  if (source !== undefined) return source
  throw new RegistryError('denied', `not an image: ${path}`)
}
