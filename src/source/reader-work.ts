/**
 * Looks at the files of an image on a reader thread. On the server's thread they were a third of the processor time of a
 * cold image, and other cold images had to wait.
 */
import type { StorePath } from '../core/nix/store-path.ts'
import type { LayerEntry } from '../core/tar/segment.ts'
import { serializedEntries, serializeEntries } from '../layer/serialized-entries.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import { unreadable } from '../core/errors/unreadable.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { readPathStart, type PathStart } from './files/path-start.ts'
import { packageFacts, type PackageFacts } from './package-facts.ts'
import { rootEntries, type RootFiles } from './root-layer.ts'

type Work =
  | { readonly kind: 'start'; readonly path: StorePath }
  | { readonly kind: 'package'; readonly path: StorePath }
  | { readonly kind: 'root entries'; readonly wanted: RootFiles }

/** Work for a reader thread, which has no Nix to ask for the closure. */
export type ReaderWork = Work & { readonly root: StorePath; readonly members: readonly StorePath[] }

type Serialized<T> = Omit<T, 'entries'> & { readonly entries: readonly Uint8Array[] }
type EntriesAlone = Serialized<{ readonly entries: unknown }>
export type ReaderResult = PathStart | Serialized<PackageFacts> | EntriesAlone

/** Under Node's type stripping the sources run as they are; the published package holds what `tsc` makes of them. */
const MODULE = new URL(
  import.meta.url.endsWith('.ts') ? './reader-module.ts' : './reader-module.js',
  import.meta.url,
)
/**
 * Returns what a member of the closure is, and how its file begins.
 * @throws RegistryError `unavailable` where it isn't there, or can't be read.
 */
export async function readStart(path: StorePath, files: ClosureFiles): Promise<PathStart> {
  const { reader, root } = files
  if (reader === undefined) return startOf(path, files)
  // The path itself is all that is read, so no other path has to be a member.
  const work: ReaderWork = { kind: 'start', path, root, members: [] }
  return (await reader.call(MODULE, work)) as PathStart
}

/** As `packageFacts`. @throws RegistryError `unservable`, `unavailable`. */
export async function readPackage(path: StorePath, files: ClosureFiles): Promise<PackageFacts> {
  const { reader } = files
  if (reader === undefined) return packageFacts(path, files)
  const { entries, ...facts } = (await ask(reader, files, {
    kind: 'package',
    path,
  })) as Serialized<PackageFacts>
  return { ...facts, entries: serializedEntries(entries) }
}

/** As `rootEntries`. @throws RegistryError `unservable`, `unavailable`. */
export async function readRootEntries(files: ClosureFiles, wanted: RootFiles): Promise<Iterable<LayerEntry>> {
  const { reader } = files
  if (reader === undefined) return rootEntries(files, wanted)
  const { entries } = (await ask(reader, files, { kind: 'root entries', wanted })) as EntriesAlone
  return serializedEntries(entries)
}

async function ask(
  reader: Pick<StoreReader, 'call'>,
  { root, members }: ClosureFiles,
  work: Work,
): Promise<unknown> {
  return reader.call(MODULE, { ...work, root, members: [...(await members())] } satisfies ReaderWork)
}

/** @returns what can be sent from thread to thread. */
export async function carryOut(files: ClosureFiles, work: Work): Promise<ReaderResult> {
  switch (work.kind) {
    case 'start':
      return startOf(work.path, files)
    case 'package': {
      const { entries, ...facts } = await packageFacts(work.path, files)
      return { ...facts, entries: serializeEntries(entries) }
    }
    case 'root entries':
      return { entries: serializeEntries(await rootEntries(files, work.wanted)) }
  }
}

function startOf(path: StorePath, files: ClosureFiles): PathStart {
  try {
    return readPathStart(files.fileOf(path))
  } catch (cause) {
    throw unreadable(path, cause)
  }
}
