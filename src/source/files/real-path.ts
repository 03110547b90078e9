/**
 * Follows symbolic links in a store. Links of the store name other store paths as `/nix/store/…`. Where the store is
 * another directory, the kernel would follow such a link into the machine's own store, so they are followed here.
 */
import { asByteString, fsPath, type ByteString } from '../../core/byte-string.ts'
import { SYSTEM_STORE, fileOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import { STORE_DIR } from '../../core/nix/store-path.ts'
import { LOOK, type Look } from './look.ts'

/** As many as Linux follows, `MAXSYMLINKS`. */
const MAX_LINKS = 40
/** The directories above all store paths: `nix` and `nix/store`. */
const ABOVE: readonly string[] = STORE_DIR.slice(1).split('/')

/**
 * Returns a path without links in it, `.` and `..`.
 * @param path absolute, with the name that it has in `/nix/store`.
 * @returns a path of `/nix/store`, or nothing where the path leads nowhere. Where the store is another directory than
 * `/nix/store`, nothing is also returned for what leads out of it.
 */
export async function realPath(
  directory: StoreDirectory,
  path: ByteString,
  look: Look = LOOK,
): Promise<ByteString | undefined> {
  if (directory === SYSTEM_STORE) return look.realpath(fsPath(path))
  let at: readonly string[] = []
  let isDirectory = true
  let links = 0
  const ahead = partsOf(path)
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (!isDirectory) return undefined
    if (part === '' || part === '.') continue
    if (part === '..') {
      at = at.slice(0, -1)
      continue
    }
    const next: readonly string[] = [...at, part]
    if (next.length <= ABOVE.length) {
      if (next.some((name, i) => name !== ABOVE[i])) return undefined
      at = next
      continue
    }
    const file = fileOf(directory, asByteString(`/${next.join('/')}`))
    const stat = await look.lstat(file)
    if (stat === undefined) return undefined
    if (stat.isSymbolicLink()) {
      links += 1
      const target = await look.readlink(file)
      if (target === undefined || links > MAX_LINKS) return undefined
      if (target.startsWith('/')) at = []
      ahead.push(...partsOf(target))
    } else {
      at = next
      isDirectory = stat.isDirectory()
    }
  }
  return asByteString(`/${at.join('/')}`)
}

/** The parts of a path, the last one first. */
function partsOf(path: ByteString): string[] {
  return path.split('/').toReversed()
}
