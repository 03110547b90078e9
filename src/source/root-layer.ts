/**
 * The layer above the store layers: what programs expect at `/`. `/tmp`, users, name lookup; links to everything in
 * the image's `contents`; its own files and links over these. What comes later in that order wins.
 */
import { readFile, stat } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { LayerEntry } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'
import { STORE_DIRECTORIES, fsPath } from '../layer/walk.ts'
import { FileTree } from './file-tree.ts'
import { storeTarget } from './store-target.ts'
import { linkContents } from './symlink-farm.ts'

export type RootFiles = {
  /** Directories whose trees appear below `/` as symbolic links; of two that hold the same file the first wins. */
  readonly contents: readonly StorePath[]
  /** Absolute paths to a text or a file of the store to copy. Mode in octal, as in `0755`. */
  readonly files: {
    readonly [path: string]: { readonly text?: string; readonly source?: string; readonly mode?: string }
  }
  /** Absolute paths to link targets. */
  readonly links: { readonly [path: string]: string }
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'
const GROUP = 'root:x:0:\nnobody:x:65534:\n'
const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files dns\n'
const FILE_MODE = 0o444
const EXECUTABLE_MODE = 0o555
/** Copied into a layer that is hashed in one piece: larger ones belong into the store, with a link here. */
const MAX_FILE_SIZE = 16 * 1024 * 1024

/** @throws RegistryError `unservable` for what can't be at the root of an image. */
export async function rootEntries({ contents, files, links }: RootFiles): Promise<readonly LayerEntry[]> {
  const tree = new FileTree()
  tree.directory('tmp', 0o1777)
  tree.directory('root', 0o700)
  tree.file('etc/passwd', FILE_MODE, Buffer.from(PASSWD))
  tree.file('etc/group', FILE_MODE, Buffer.from(GROUP))
  tree.file('etc/nsswitch.conf', FILE_MODE, Buffer.from(NSSWITCH))
  const own = [...Object.keys(files), ...Object.keys(links)].map(byteName)
  await linkContents(tree, contents, own)
  for (const [path, { text, source, mode }] of Object.entries(files)) {
    const name = byteName(path)
    if (text !== undefined) {
      tree.file(name, octal(mode) ?? FILE_MODE, Buffer.from(text))
    } else if (source !== undefined) {
      const { bytes, isExecutable } = await readSourceFile(source)
      tree.file(name, octal(mode) ?? (isExecutable ? EXECUTABLE_MODE : FILE_MODE), bytes)
    } else {
      throw new RegistryError('unservable', `file ${path} has neither text nor source`)
    }
  }
  for (const [path, target] of Object.entries(links))
    tree.symlink(byteName(path), Buffer.from(target).toString('latin1'))
  return [...STORE_DIRECTORIES, ...tree.entries()]
}

async function readSourceFile(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly isExecutable: boolean }> {
  const target = await storeTarget(Buffer.from(path).toString('latin1'))
  if (target === undefined) throw new RegistryError('unservable', `${path}: not a file of the store`)
  const found = await stat(fsPath(target))
  if (!found.isFile()) throw new RegistryError('unservable', `${path}: not a file`)
  const { size, mode } = found
  if (size > MAX_FILE_SIZE) {
    throw new RegistryError(
      'unservable',
      `${path}: ${size} bytes are too many to copy into the image: link to it instead`,
    )
  }
  return { bytes: await readFile(fsPath(target)), isExecutable: (mode & 0o111) !== 0 }
}

/** `/etc/x` as a byte string relative to the root. */
function byteName(path: string): string {
  const name = Buffer.from(path.slice(1)).toString('latin1')
  const parts = name.split('/')
  if (
    !path.startsWith('/') ||
    parts.some((part) => part === '' || part === '.' || part === '..' || part.startsWith('.wh.'))
  ) {
    throw new RegistryError('unservable', `not a path that an image can hold: ${path}`)
  }
  if (parts[0] === 'nix' && (parts.length === 1 || parts[1] === 'store')) {
    throw new RegistryError('unservable', `the Nix store is not the image's to write to: ${path}`)
  }
  return name
}

function octal(mode: string | undefined): number | undefined {
  return mode === undefined ? undefined : Number.parseInt(mode, 8)
}
