/** Answers which manifests an entry of a catalogue has for values, whether Nix evaluates it or an index has it. */
import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../core/json.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { entryOf, type Catalogue, type CatalogueEntry, type PresetBuild, type Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
import { deliveredName } from './delivered-name.ts'
import { evaluateEntry } from './evaluate-entry.ts'
import type { Evaluator } from './evaluator.ts'
import { fillValues } from './fill-values.ts'

export type EntryRequest = {
  readonly name: string
  readonly version: string
  /** As JSON has them; defaults are added. */
  readonly values: Json
}

export type ResolvedEntry = {
  /** Derivation of the manifests, which a store can build. */
  readonly derivation: StorePath
  /** The manifests. Undefined where only the build tells their path. */
  readonly storePath: StorePath | undefined
  /** Whether the manifests were built when the catalogue was. */
  readonly isBuilt: boolean
  /** `<name>-<version>-<short hash>`, a DNS label. The same values of the same catalogue have the same. */
  readonly deliveredName: string
  /** All values, with defaults. */
  readonly values: Values
}

/**
 * Nothing is built. A root has to keep the derivation before the garbage collector of the store runs.
 * @throws CatalogueError, whose `kind` says whether the request or the catalogue is wrong; NixMissing.
 */
export async function resolveEntry(
  catalogue: Catalogue,
  { name, version, values: given }: EntryRequest,
  evaluator: Evaluator,
  signal?: AbortSignal,
): Promise<ResolvedEntry> {
  const entry = entryOf(catalogue, name, version)
  const values = fillValues(entry, given)
  const isBuilt = catalogue.kind === 'index'
  const { derivation, storePath } = isBuilt
    ? buildOf(catalogue.builds, entry, values)
    : await evaluateEntry(catalogue.source, entry, values, evaluator, signal)
  return {
    derivation,
    storePath,
    isBuilt,
    deliveredName: deliveredName(name, version, storePath ?? derivation),
    values,
  }
}

function buildOf(
  builds: readonly PresetBuild[],
  { name, version }: CatalogueEntry,
  values: Values,
): PresetBuild {
  const own = builds.filter((build) => build.name === name && build.version === version)
  const found = own.find((build) => isDeepStrictEqual(build.values, values))
  if (found !== undefined) return found
  const built = own.map(({ preset }) => (preset === undefined ? 'the defaults' : `preset ${preset}`))
  throw new CatalogueError(
    'not-built',
    `${name} ${version} was not built with these values, and an index evaluates nothing. Built are: ${built.join(', ') || 'none'}`,
  )
}
