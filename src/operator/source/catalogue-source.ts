/** Makes the manifests of catalogue entries with the values of profiles. An entry that did not change is not evaluated again. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Json } from '../../core/json.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CatalogueError } from '../../catalogue/catalogue-error.ts'
import type { Evaluator } from '../../catalogue/evaluator.ts'
import { openCatalogue } from '../../catalogue/open-catalogue.ts'
import { resolveEntry, type ResolvedEntry } from '../../catalogue/resolve-entry.ts'
import { NixMissing } from '../../store/missing-nix.ts'
import type { MakeManifests } from './load-source.ts'
import { makeOutput, makePath } from './make-path.ts'
import { SourceError } from './source-error.ts'

type Wanted = { readonly name: string; readonly version: string; readonly values: Json }

/** A catalogue as it was at one time, with the entries that were asked for. */
type Opened = {
  readonly stamp: string
  readonly catalogue: Promise<Catalogue>
  readonly resolved: Map<string, Promise<ResolvedEntry>>
}

/** Files of a catalogue that are looked at for changes. */
const MAX_FILES = 10_000

/**
 * @param file a Nix file, an index, or a directory with one of them.
 * @returns a function that throws SourceError `InvalidCatalogue`, `InvalidValues`, `NixMissing`, or as `makePath` does.
 */
export function catalogueSource(file: string, evaluator: Evaluator): MakeManifests<Wanted> {
  let opened: Opened | undefined
  return async (wanted, options) => {
    const { derivation, storePath, isBuilt } = await resolve(wanted).catch(asSourceError)
    if (!isBuilt || storePath === undefined) return makeOutput(derivation, 'out', options)
    await makePath(storePath, options)
    return storePath
  }

  async function resolve(wanted: Wanted): Promise<ResolvedEntry> {
    const stamp = await stampOf(file)
    if (opened?.stamp !== stamp)
      opened = { stamp, catalogue: openCatalogue(file, evaluator), resolved: new Map() }
    const { catalogue, resolved } = opened
    const key = JSON.stringify(wanted)
    const resolving = resolved.get(key) ?? resolveEntry(await catalogue, wanted, evaluator)
    resolved.set(key, resolving)
    try {
      return await resolving
    } catch (error) {
      resolved.delete(key)
      throw error
    }
  }
}

/** Equal for a catalogue whose files did not change. */
async function stampOf(file: string): Promise<string> {
  const path = await realpath(file)
  const directory = (await stat(path)).isDirectory() ? path : dirname(path)
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_FILES)
  const stamps = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const { mtimeMs, size, ino } = await stat(join(parentPath, name))
      return `${join(parentPath, name)} ${mtimeMs} ${size} ${ino}`
    }),
  )
  return [path, ...stamps.toSorted()].join('\n')
}

function asSourceError(cause: unknown): never {
  if (cause instanceof NixMissing)
    throw new SourceError('NixMissing', cause.message, { isFinal: true, cause })
  if (!(cause instanceof CatalogueError)) throw cause
  const problems = cause.problems.map(({ message }) => `spec.source.catalogue.values: ${message}`)
  const message = problems.length === 0 ? cause.message : problems.join('\n')
  const isOfValues =
    cause.kind === 'invalid-values' || cause.kind === 'not-found' || cause.kind === 'not-built'
  // Only another spec, or another catalogue, helps.
  throw new SourceError(isOfValues ? 'InvalidValues' : 'InvalidCatalogue', message, {
    isFinal: isOfValues,
    cause,
  })
}
