/**
 * The layer above the store layers: what programs expect at `/`. `/tmp`, users, name lookup; links to everything in
 * the image's `contents`; its own files and links over these. What comes later in that order wins.
 */
import { absolutePath, asByteString, displayPath, encodeText, type ByteString } from '../core/byte-string.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { LayerEntry } from '../core/tar/segment.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { STORE_DIRECTORIES } from '../layer/walk.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { readExtraDirectory, type ExtraDirectory } from './files/extra-directory.ts'
import { FileTree, type FileContent, type Owner } from './files/file-tree.ts'
import { linkContents } from './files/symlink-farm.ts'

export type RootFiles = {
  /** Directories whose trees appear below `/` as symbolic links; of two that hold the same file the first wins. */
  readonly contents: readonly StorePath[]
  /** Trees that appear there as they are; of two the last wins. */
  readonly extraDirectories?: readonly ExtraDirectory[]
  /** Absolute paths to a text or a file of the store. Mode in octal, as in `0755`. */
  readonly files: {
    readonly [path: string]: Owner & {
      readonly text?: string
      readonly source?: string
      readonly mode?: string
    }
  }
  /** Modes and owners of directories, by absolute path. */
  readonly directories?: { readonly [path: string]: Owner & { readonly mode: string } }
  /** Absolute paths to link targets. */
  readonly links: { readonly [path: string]: string }
  /** Another image is below, which has what programs expect. */
  readonly hasBase?: boolean
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'
const GROUP = 'root:x:0:\nnobody:x:65534:\n'
const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files dns\n'
const FILE_MODE = 0o444
const EXECUTABLE_MODE = 0o555

/** @throws RegistryError `unservable` for what can't be at the root of an image. */
export async function rootEntries(
  closure: ClosureFiles,
  { contents, extraDirectories = [], files, directories = {}, links, hasBase = false }: RootFiles,
): Promise<Iterable<LayerEntry>> {
  const tree = new FileTree()
  if (!hasBase) putDefaults(tree)
  const extras = []
  for (const extra of extraDirectories) {
    const at = extra.to === '/' ? asByteString('') : byteName(extra.to)
    extras.push(...(await readExtraDirectory(closure, extra, at)))
  }
  for (const { name } of extras) demandOutsideStore(name)
  // Entries below a directory make it a real one; the directory itself replaces what is there.
  const own = [
    ...[...Object.keys(files), ...Object.keys(links)].map(byteName),
    ...extras.map(({ kind, name }) => (kind === 'directory' ? asByteString(`${name}/`) : name)),
    ...Object.keys(directories).map((path) => asByteString(`${byteName(path)}/`)),
  ]
  await linkContents(tree, contents, own, closure)
  for (const extra of extras) {
    if (extra.kind === 'directory') tree.directory(extra.name, extra.mode, extra.owner)
    else if (extra.kind === 'symlink') tree.symlink(extra.name, extra.target, extra.owner)
    else tree.file(extra.name, extra.mode, extra.content, extra.owner)
  }
  for (const [path, { mode, uid, gid }] of Object.entries(directories))
    tree.directory(byteName(path), Number.parseInt(mode, 8), ownerOf(uid, gid))
  for (const [path, { text, source, mode, uid, gid }] of Object.entries(files)) {
    const name = byteName(path)
    const owner = ownerOf(uid, gid)
    if (text !== undefined) {
      tree.file(name, octal(mode) ?? FILE_MODE, Buffer.from(text), owner)
    } else if (source !== undefined) {
      const { content, isExecutable } = await sourceFile(closure, source)
      tree.file(name, octal(mode) ?? (isExecutable ? EXECUTABLE_MODE : FILE_MODE), content, owner)
    } else {
      throw new RegistryError('unservable', `file ${path} has neither text nor source`)
    }
  }
  for (const [path, target] of Object.entries(links)) {
    if (target.includes('\0'))
      throw new RegistryError('unservable', `not a target that a link can have: ${path}: ${target}`)
    tree.symlink(byteName(path), encodeText(target))
  }
  const entries = await tree.entries()
  return {
    *[Symbol.iterator]() {
      yield* STORE_DIRECTORIES
      yield* entries
    },
  }
}

/** Adds the files that programs expect on any system. */
function putDefaults(tree: FileTree): void {
  tree.directory(asByteString('tmp'), 0o1777)
  tree.directory(asByteString('root'), 0o700)
  tree.file(asByteString('etc/passwd'), FILE_MODE, Buffer.from(PASSWD))
  tree.file(asByteString('etc/group'), FILE_MODE, Buffer.from(GROUP))
  tree.file(asByteString('etc/nsswitch.conf'), FILE_MODE, Buffer.from(NSSWITCH))
}

/** Streamed from the store with the layer, however large it is. */
async function sourceFile(
  closure: ClosureFiles,
  path: string,
): Promise<{ readonly content: FileContent; readonly isExecutable: boolean }> {
  const found = await closure.find(encodeText(path))
  if (found?.stat.isFile() !== true)
    throw new RegistryError('unservable', `${path}: not a file in the closure of the image`)
  const { size, mode } = found.stat
  return { content: { source: found.path, size }, isExecutable: (mode & 0o111) !== 0 }
}

function ownerOf(uid: number | undefined, gid: number | undefined): Owner {
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
}

/** `/etc/x` relative to the root. */
function byteName(path: string): ByteString {
  const name = encodeText(path.slice(1))
  const parts = name.split('/')
  if (
    !path.startsWith('/') ||
    path.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..' || part.startsWith('.wh.'))
  ) {
    throw new RegistryError('unservable', `not a path that an image can hold: ${path}`)
  }
  demandOutsideStore(name)
  return name
}

/** @param name relative to the root. */
function demandOutsideStore(name: ByteString): void {
  if (name !== 'nix' && name !== 'nix/store' && !name.startsWith('nix/store/')) return
  throw new RegistryError(
    'unservable',
    `the Nix store is not the image's to write to: ${displayPath(absolutePath(name))}`,
  )
}

function octal(mode: string | undefined): number | undefined {
  return mode === undefined ? undefined : Number.parseInt(mode, 8)
}
