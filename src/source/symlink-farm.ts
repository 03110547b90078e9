/**
 * The trees of several store paths joined below `/` by symbolic links. Directories at the top are real, so that a
 * container can mount or write beside what is linked; further down a directory that only one path has is one link.
 */
import { readdir, readlink } from 'node:fs/promises'
import { RegistryError } from '../core/errors.ts'
import type { StorePath } from '../core/store-path.ts'
import { fsPath } from '../layer/walk.ts'
import type { ClosureFiles } from './closure-files.ts'
import type { FileTree } from './file-tree.ts'

/** Facts for Nix about a package, never for a running program. */
const LEFT_OUT: ReadonlySet<string> = new Set(['nix-support', 'nix'])

/**
 * @param own names that the image puts there itself: directories above them must be real.
 * @throws RegistryError `unservable` when a path isn't a directory.
 */
export async function linkContents(
  tree: FileTree,
  contents: readonly StorePath[],
  own: readonly string[],
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
  await join(tree, contents, '', { parents, closure })
}

/** @param directories the same directory in each path that has it, as byte strings. */
async function join(
  tree: FileTree,
  directories: readonly string[],
  at: string,
  joining: { readonly parents: ReadonlySet<string>; readonly closure: ClosureFiles },
): Promise<void> {
  const { parents, closure } = joining
  const holders = new Map<string, string[]>()
  for (const directory of directories) {
    for (const child of await readdir(fsPath(directory), 'latin1')) {
      if (at === '' && LEFT_OUT.has(child)) continue
      const holder = `${directory}/${child}`
      const others = holders.get(child)
      if (others === undefined) holders.set(child, [holder])
      else others.push(holder)
    }
  }
  for (const [child, places] of holders) {
    const name = at === '' ? child : `${at}/${child}`
    const [first = ''] = places
    const mustBeReal = at === '' || places.length > 1 || parents.has(name)
    if (mustBeReal && (await isDirectory(closure, first))) {
      const joined: string[] = []
      for (const place of places) if (await isDirectory(closure, place)) joined.push(place)
      tree.directory(name)
      await join(tree, joined, name, joining)
    } else {
      tree.symlink(name, await targetOf(first))
    }
  }
}

/** A link within its package is copied as what it points to, so that it means the same at `/`. */
async function targetOf(path: string): Promise<string> {
  const target = await readlink(fsPath(path), 'latin1').catch(() => undefined)
  return target?.startsWith('/') === true ? target : path
}

/** Also for a link to a directory in the closure. */
async function isDirectory(closure: ClosureFiles, path: string): Promise<boolean> {
  return (await closure.find(path))?.stat.isDirectory() === true
}

function directoriesAbove(name: string): string[] {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}
