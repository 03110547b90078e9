/** The files of a store path with their hashes, for a deep SBOM. Reads every byte of the path. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { displayPath } from '../../core/byte-string.ts'
import { unreadable } from '../../core/errors/unreadable.ts'
import { placeOf, type StoreDirectory } from '../../core/nix/store-directory.ts'
import type { StorePath } from '../../core/nix/store-path.ts'

/** A regular file. Links and directories have no contents of their own. */
export type FileFacts = {
  /** Relative to the store path; `.` where the path itself is the file. */
  readonly name: string
  readonly sha1: string
  readonly sha256: string
  readonly isExecutable: boolean
}

/** Hashed at once, of one path. */
const FILES_AT_ONCE = 4

/**
 * @param directory the files of the store.
 * @returns the files by name, sorted by their bytes.
 * @throws RegistryError `unavailable` for a path that vanished.
 */
export async function componentFiles(
  path: StorePath,
  directory: StoreDirectory,
): Promise<readonly FileFacts[]> {
  const place = displayPath(placeOf(directory, path))
  try {
    const limit = pLimit(FILES_AT_ONCE)
    const names = await namesIn(place)
    return await Promise.all(names.map((name) => limit(() => factsOf(place, name))))
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  if ((await lstat(path)).isFile()) return ['.']
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function factsOf(path: string, name: string): Promise<FileFacts> {
  const file = join(path, name)
  const { mode } = await lstat(file)
  const [sha1, sha256] = [createHash('sha1'), createHash('sha256')]
  for await (const chunk of createReadStream(file)) {
    sha1.update(chunk as Buffer)
    sha256.update(chunk as Buffer)
  }
  return { name, sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), isExecutable: (mode & 0o111) !== 0 }
}
