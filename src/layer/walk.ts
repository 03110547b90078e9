/**
 * The entries of a layer, from the store paths in it: `nix/` and `nix/store/` first, then each path depth first,
 * entries of a directory sorted by byte value. Owners, times and all mode bits but "executable" are dropped, as Nix
 * does; hard links (an optimised store has them, another not) become files of their own. Layer tar, format 1.
 *
 * Synchronous on purpose: it runs on a worker thread, where 5000 calls of lstat take 11 ms, against 220 ms awaited one
 * after the other.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { RegistryError } from '../core/errors.ts'
import type { LayerEntry } from '../core/segment.ts'
import type { StorePath } from '../core/store-path.ts'

const DIRECTORY_MODE = 0o555
const FILE_MODE = 0o444
const EXECUTABLE_MODE = 0o555
const ANY_EXECUTE_BIT = 0o111
/** OCI image-spec, layer.md "Whiteouts": a file named like this would delete another instead of being one. */
export const WHITEOUT_PREFIX = '.wh.'

/** The directories above every store path, which are no store paths themselves. */
export const STORE_DIRECTORIES: readonly LayerEntry[] = [
  { kind: 'directory', name: 'nix', mode: 0o755 },
  { kind: 'directory', name: 'nix/store', mode: 0o755 },
]

/**
 * @throws RegistryError `unservable` for what a layer can't hold, `unavailable` when a path vanished.
 */
export function walkStorePaths(paths: readonly StorePath[]): LayerEntry[] {
  const entries = [...STORE_DIRECTORIES]
  for (const path of paths) walk(path.slice(1), entries, refuseWhiteout)
  return entries
}

/**
 * A store path and what is below it, for an archive of it alone: no directories above, and no name that it can't hold.
 * @throws RegistryError `unavailable` when a path vanished.
 */
export function walkStorePath(path: StorePath): LayerEntry[] {
  const entries: LayerEntry[] = []
  walk(path.slice(1), entries, () => undefined)
  return entries
}

/** A byte string as the file system takes it. */
export function fsPath(path: string): string | Buffer {
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  return /[^\x00-\x7f]/.test(path) ? Buffer.from(path, 'latin1') : path
}

/** A byte string as people read it. */
export function shown(path: string): string {
  return Buffer.from(path, 'latin1').toString()
}

/**
 * @param name relative to `/`, a byte string.
 * @param check told each name in a directory.
 */
function walk(name: string, entries: LayerEntry[], check: (child: string, directory: string) => void): void {
  const stat = look(name, (path) => lstatSync(path))
  if (stat.isDirectory()) {
    entries.push({ kind: 'directory', name, mode: DIRECTORY_MODE })
    for (const child of look(name, (path) => readdirSync(path, 'latin1')).sort()) {
      check(child, name)
      walk(`${name}/${child}`, entries, check)
    }
  } else if (stat.isSymbolicLink()) {
    entries.push({ kind: 'symlink', name, target: look(name, (path) => readlinkSync(path, 'latin1')) })
  } else if (stat.isFile()) {
    const mode = (stat.mode & ANY_EXECUTE_BIT) === 0 ? FILE_MODE : EXECUTABLE_MODE
    entries.push({ kind: 'file', name, mode, size: stat.size })
  } else {
    refuse(name, 'neither file, directory nor symbolic link')
  }
}

function refuseWhiteout(child: string, directory: string): void {
  if (child.startsWith(WHITEOUT_PREFIX))
    refuse(`${directory}/${child}`, 'a layer cannot hold a file named .wh.*')
}

/** Any of the looks may be too late. */
function look<T>(name: string, how: (path: string | Buffer) => T): T {
  try {
    return how(fsPath(`/${name}`))
  } catch (cause) {
    throw new RegistryError('unavailable', `store path vanished: ${shown(`/${name}`)}`, { cause })
  }
}

function refuse(name: string, why: string): never {
  const path = shown(`/${name}`)
  throw new RegistryError('unservable', `${path}: ${why}`, { detail: { path } })
}
