/**
 * Lists the entries of an archive of images by name. Each appears once, and links are followed within the archive
 * alone.
 */
import { posix } from 'node:path'
import { RegistryError } from '../../core/errors/errors.ts'
import { quoted, relativeName, tarEntries, type ReadAt, type TarEntry } from './tar-entries.ts'

export type ArchiveEntry = TarEntry & {
  /** There is a second file of this name and size: which of the two is meant, the archive doesn't say. */
  readonly isTwice: boolean
}

/** By name, relative and without `./`. */
export type ArchiveEntries = ReadonlyMap<string, ArchiveEntry>

/** 50 images with as many layers as there can be, three entries each; more is no archive of images. */
const MAX_ENTRIES = 20_000
const LINKS_FOLLOWED = 8

/** @param label the archive's store path, for errors. @throws RegistryError `unservable`. */
export async function readEntries(read: ReadAt, size: number, label: string): Promise<ArchiveEntries> {
  const entries = new Map<string, ArchiveEntry>()
  let count = 0
  for await (const entry of tarEntries(read, size, label)) {
    count += 1
    if (count > MAX_ENTRIES) throw broken(label, `more than ${MAX_ENTRIES} entries are no archive of images`)
    const before = entries.get(entry.name)
    if (
      before !== undefined &&
      (before.kind !== entry.kind || before.size !== entry.size || before.target !== entry.target)
    )
      throw broken(label, `${quoted(entry.name)} is in the archive twice, and not the same`)
    const isTwice = before !== undefined && entry.kind === 'file'
    entries.set(entry.name, { ...(before ?? entry), isTwice: isTwice || before?.isTwice === true })
  }
  return entries
}

/**
 * The file of that name, or that links of that name lead to; nothing where the archive has none.
 * @throws RegistryError `unservable` for a directory, or links in a circle.
 */
export function findFile(
  { path, entries }: { readonly path: string; readonly entries: ArchiveEntries },
  name: string,
): ArchiveEntry | undefined {
  let at = relativeName(name)
  for (let followed = 0; followed <= LINKS_FOLLOWED; followed++) {
    const entry = at === undefined ? undefined : entries.get(at)
    if (entry === undefined || at === undefined) return undefined
    if (entry.kind === 'file') return entry
    if (entry.kind !== 'hard link' && entry.kind !== 'symlink')
      throw broken(path, `${quoted(name)} is no file`)
    // A hard link's target is a name in the archive, a symbolic link's is relative to the link.
    at = relativeName(entry.kind === 'symlink' ? joined(posix.dirname(at), entry.target) : entry.target)
  }
  throw broken(path, `${quoted(name)} is a link that leads nowhere`)
}

/** The same for a file of which there must not be a second one, since nothing else tells which is right. */
export function findDocument(
  archive: { readonly path: string; readonly entries: ArchiveEntries },
  name: string,
): ArchiveEntry | undefined {
  const file = findFile(archive, name)
  if (file?.isTwice === true) throw broken(archive.path, `${quoted(name)} is in the archive twice`)
  return file
}

function joined(directory: string, target: string): string {
  return target.startsWith('/') ? target : posix.normalize(`${directory}/${target}`)
}

function broken(label: string, why: string): RegistryError {
  return new RegistryError('unservable', `${label}: ${why}`)
}
