/**
 * A tree of the store that an image has at a place of its own, as files and not as links into the store: for programs
 * that don't follow links, or look at where they are. Only names, sizes and links are read here; what is in the files
 * is streamed from the store with the layer.
 */
import { asByteString, childPath, displayPath, encodeText, type ByteString } from '../../core/byte-string.ts'
import type { Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import { unreadable } from '../../core/errors/unreadable.ts'
import type { ClosureFiles } from './closure-files.ts'
import type { FileContent, Owner } from './file-tree.ts'

export type ExtraDirectory = Owner & {
  /** A directory in the store. */
  readonly source: string
  /** Absolute path in the image. */
  readonly to: string
  /** Octal. An executable file is executable for everybody who may read it. Defaults to the mode in the store. */
  readonly fileMode?: string
  readonly directoryMode: string
}

export type ExtraEntry = { readonly name: ByteString; readonly owner: Owner } & (
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'file'; readonly mode: number; readonly content: FileContent }
  | { readonly kind: 'symlink'; readonly target: ByteString }
)

/** About 100 MB of entries; a tree with more files than this belongs into the store, with a link to it. */
const MAX_ENTRIES = 200_000
const FILE_MODE = 0o444
const READ_BITS = 0o444
const EXECUTE_BITS = 0o111

/**
 * @param at where in the image, relative to `/`; empty for `/` itself.
 * @throws RegistryError `unservable` for what no layer can hold, `unavailable` when it vanished.
 */
export async function readExtraDirectory(
  closure: ClosureFiles,
  extra: ExtraDirectory,
  at: ByteString,
): Promise<readonly ExtraEntry[]> {
  const source = await closure.find(encodeText(extra.source))
  if (source?.stat.isDirectory() !== true)
    throw new RegistryError('unservable', `${extra.source}: not a directory in the closure of the image`)
  const entries: ExtraEntry[] = []
  await walk({ closure, modes: modesOf(extra), entries }, source.path, at)
  return entries
}

type Modes = { readonly owner: Owner; readonly directory: number; readonly file: number | undefined }

function modesOf({ fileMode, directoryMode, uid, gid }: ExtraDirectory): Modes {
  return {
    owner: { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) },
    directory: Number.parseInt(directoryMode, 8),
    file: fileMode === undefined ? undefined : Number.parseInt(fileMode, 8),
  }
}

type Walk = {
  readonly closure: ClosureFiles
  readonly modes: Modes
  readonly entries: ExtraEntry[]
}

async function walk(walked: Walk, path: ByteString, name: ByteString): Promise<void> {
  const { closure, modes, entries } = walked
  const { owner } = modes
  if (entries.length >= MAX_ENTRIES) refuse(path, `more than ${MAX_ENTRIES} files to copy into the image`)
  const file = closure.fileOf(path)
  const stat = await look(path, file)
  if (stat.isDirectory()) {
    if (name !== '') entries.push({ kind: 'directory', name, mode: modes.directory, owner })
    for (const child of (await readdir(file, 'latin1')).map(asByteString).sort()) {
      if (child.startsWith('.wh.')) refuse(childPath(path, child), 'a layer cannot hold a file named .wh.*')
      await walk(walked, childPath(path, child), name === '' ? child : childPath(name, child))
    }
  } else if (stat.isSymbolicLink()) {
    entries.push({
      kind: 'symlink',
      name,
      target: asByteString(await readlink(file, 'latin1')),
      owner,
    })
  } else if (stat.isFile()) {
    const content = { source: path, size: stat.size }
    entries.push({ kind: 'file', name, mode: fileMode(modes.file, stat.mode), content, owner })
  } else {
    refuse(path, 'neither file, directory nor symbolic link')
  }
}

function fileMode(wanted: number | undefined, mode: number): number {
  const base = wanted ?? FILE_MODE
  return (mode & EXECUTE_BITS) === 0 ? base : base | ((base & READ_BITS) >> 2)
}

async function look(path: ByteString, file: string | Buffer): Promise<Stats> {
  return lstat(file).catch((cause: unknown) => {
    throw unreadable(displayPath(path), cause)
  })
}

function refuse(path: ByteString, why: string): never {
  throw new RegistryError('unservable', `${displayPath(path)}: ${why}`)
}
