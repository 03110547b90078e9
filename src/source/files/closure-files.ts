/**
 * The only way to the files that an image is made of. Every path that an image names, or that a link in it leads to, is
 * resolved to where its bytes are, and must lie inside the image's own closure. What a path looks like decides nothing:
 * `/nix/store/<a>/../<b>/x` and a link from `<a>` to `<b>` both name a file of `<b>`.
 */
import { displayPath, type ByteString } from '../../core/byte-string.ts'
import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import { fileOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import { storePathAround, type StorePath } from '../../core/nix/store-path.ts'
import type { StoreReader } from '../../layer/store-reader.ts'
import { LOOK, type Look } from './look.ts'
import { realPath } from './real-path.ts'

/** A path without links in it, as `/nix/store/…`, and what is there. */
export type FoundFile = { readonly path: ByteString; readonly stat: Stats }

export type ClosureFiles = {
  /** The image's store path. */
  readonly root: StorePath
  /** The files of the store. */
  readonly directory: StoreDirectory
  /** Threads that look at many files of the image. Default: the thread that asks. */
  readonly reader: Pick<StoreReader, 'call'> | undefined
  /** Returns all paths of the closure. */
  readonly members: () => Promise<ClosureMembers>
  /** Finds where a path leads; `undefined` if that is nowhere or outside of the closure. */
  readonly find: (path: ByteString) => Promise<FoundFile | undefined>
  /** Opens a regular file for reading; `undefined` for anything else, and for what leads nowhere or outside. */
  readonly open: (path: ByteString) => Promise<FileHandle | undefined>
  /** Returns where a path without links is on this machine, as Node's file functions take it. */
  readonly fileOf: (path: ByteString) => string | Buffer
  /** @throws RegistryError `unservable` for a store path that isn't in the closure. */
  readonly assertMember: (path: StorePath) => Promise<void>
}

type ClosureMembers = Iterable<StorePath> & { readonly has: (path: StorePath) => boolean }

/** A link at the end was resolved before, and a named pipe must not be waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * @param root the image's store path, whose own files may always be read.
 * @param closure of the root. It is requested when the first path leads out of the root, and once only.
 * @param directory the store's files.
 */
export function closureFiles(
  root: StorePath,
  closure: () => Promise<ClosureMembers>,
  directory: StoreDirectory,
  { reader, look = LOOK }: { readonly reader?: ClosureFiles['reader']; readonly look?: Look } = {},
): ClosureFiles {
  let requested: ReturnType<typeof closure> | undefined
  const members = () => (requested ??= closure())
  const isMember = async (path: StorePath) => path === root || (await members()).has(path)
  const isInside = async (target: ByteString) => {
    if (target === root || target.startsWith(`${root}/`)) return true
    const around = storePathAround(displayPath(target))
    return around !== undefined && isMember(around)
  }
  const find = async (path: ByteString) => {
    const target = await realPath(directory, path, look)
    if (target === undefined || !(await isInside(target))) return undefined
    const stat = await look.lstat(fileOf(directory, target))
    return stat === undefined ? undefined : { path: target, stat }
  }
  return {
    root,
    directory,
    reader,
    members,
    find,
    open: async (path) => {
      const found = await find(path)
      if (found?.stat.isFile() !== true) return undefined
      const file = await open(fileOf(directory, found.path), FLAGS).catch(() => undefined)
      if (file === undefined || (await file.stat()).isFile()) return file
      await file.close()
      return undefined
    },
    fileOf: (path) => fileOf(directory, path),
    assertMember: async (path) => {
      if (await isMember(path)) return
      throw new RegistryError('unservable', `${root}: names ${path}, which is not in its closure`)
    },
  }
}
