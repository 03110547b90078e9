/**
 * The trees of several store paths joined below `/` by symbolic links. Directories at the top are real, so that a
 * container can mount or write beside what is linked; further down a directory that only one path has is one link.
 *
 * Synchronous, since it runs on a reader thread: see walk.ts.
 */
import { asByteString, childPath, displayPath, type ByteString } from '../../core/byte-string.ts'
import { opendirSync, type Dir, type Dirent } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { RegistryError } from '../../core/errors/errors.ts'
import { unreadable } from '../../core/errors/unreadable.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { ClosureFiles } from './closure-files.ts'
import type { FileTree } from './file-tree.ts'
import { LOOK_AT_ONCE } from './look.ts'

/** Names to place before other work gets its turn: about a millisecond. */
const CHILDREN_A_TURN = 500
/** Facts for Nix about a package, never for a running program. */
const LEFT_OUT: ReadonlySet<string> = new Set(['nix-support', 'nix'])

/**
 * @param own names that the image puts there itself: directories above them must be real.
 * @throws RegistryError `unservable` when a path isn't a directory.
 */
export async function linkContents(
  tree: FileTree,
  contents: readonly StorePath[],
  own: readonly ByteString[],
  closure: ClosureFiles,
): Promise<void> {
  const parents = new Set(own.flatMap(directoriesAbove))
  for (const path of contents) {
    if (!(await isDirectory(closure, path))) {
      throw new RegistryError(
        'unservable',
        `contents: ${path} is not a directory: use links to give a file a place`,
      )
    }
  }
  await join(tree, contents, undefined, { parents, closure })
}

/** A file of one of the paths. */
type Place = { readonly path: ByteString; readonly kind: 'directory' | 'link' | 'other' }

/** @param directories the same directory in each path that has it. */
async function join(
  tree: FileTree,
  directories: readonly ByteString[],
  at: ByteString | undefined,
  joining: { readonly parents: ReadonlySet<ByteString>; readonly closure: ClosureFiles },
): Promise<void> {
  const { parents, closure } = joining
  let count = 0
  for (const [child, places] of childrenOf(directories, closure)) {
    if (count++ % CHILDREN_A_TURN === 0) await setImmediate()
    if (at === undefined && LEFT_OUT.has(child)) continue
    const name = at === undefined ? child : childPath(at, child)
    const [first] = places
    if (first === undefined) continue
    const mustBeReal = at === undefined || places.length > 1 || parents.has(name)
    if (mustBeReal && (await leadsToDirectory(closure, first))) {
      const joined: ByteString[] = []
      for (const place of places) if (await leadsToDirectory(closure, place)) joined.push(place.path)
      tree.directory(name)
      await join(tree, joined, name, joining)
    } else {
      tree.symlink(name, first.kind === 'link' ? await targetOf(first.path, closure) : first.path)
    }
  }
}

/** Each name in the directories, and where it is. */
function* childrenOf(
  directories: readonly ByteString[],
  closure: ClosureFiles,
): Generator<[ByteString, readonly Place[]]> {
  const [only, ...others] = directories
  // The files of one directory, however many, needn't be known before the first is placed.
  if (only !== undefined && others.length === 0) {
    for (const [name, place] of placesIn(only, closure)) yield [name, [place]]
    return
  }
  const children = new Map<ByteString, Place[]>()
  for (const directory of directories) {
    for (const [name, place] of placesIn(directory, closure)) {
      const known = children.get(name)
      if (known === undefined) children.set(name, [place])
      else known.push(place)
    }
  }
  yield* children
}

function* placesIn(directory: ByteString, closure: ClosureFiles): Generator<[ByteString, Place]> {
  const opened = openDirectory(directory, closure)
  try {
    for (let dirent = opened.readSync(); dirent !== null; dirent = opened.readSync()) {
      const name = asByteString(dirent.name)
      yield [name, { path: childPath(directory, name), kind: kindOf(dirent) }]
    }
  } finally {
    opened.closeSync()
  }
}

function openDirectory(directory: ByteString, closure: ClosureFiles): Dir {
  try {
    return opendirSync(closure.fileOf(directory), { encoding: 'latin1', bufferSize: CHILDREN_A_TURN })
  } catch (cause) {
    throw unreadable(displayPath(directory), cause)
  }
}

function kindOf(dirent: Dirent): Place['kind'] {
  if (dirent.isSymbolicLink()) return 'link'
  return dirent.isDirectory() ? 'directory' : 'other'
}

/** A link within its package is copied as what it points to, so that it means the same at `/`. */
async function targetOf(path: ByteString, closure: ClosureFiles): Promise<ByteString> {
  const target = await LOOK_AT_ONCE.readlink(closure.fileOf(path))
  return target?.startsWith('/') === true ? target : path
}

/** Only a link can lead out of the directory that it is in: of 100 000 files none is looked at. */
async function leadsToDirectory(closure: ClosureFiles, { path, kind }: Place): Promise<boolean> {
  return kind === 'link' ? isDirectory(closure, path) : kind === 'directory'
}

/** Also for a link to a directory in the closure. */
async function isDirectory(closure: ClosureFiles, path: ByteString): Promise<boolean> {
  return (await closure.find(path))?.stat.isDirectory() === true
}

function directoriesAbove(name: ByteString): ByteString[] {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_, i) => asByteString(parts.slice(0, i + 1).join('/')))
}
