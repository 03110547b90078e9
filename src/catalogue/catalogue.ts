/** A catalogue that was read: its entries, and the means to make derivations of them. */
import type { StorePath } from '../core/nix/store-path.ts'
import type { Json } from '../core/json.ts'
import type { JsonSchema } from '../kubernetes/check/custom/json-schema.ts'
import { CatalogueError } from './catalogue-error.ts'
import type { FlakeGraph } from './fetch-flake.ts'

export type Values = { readonly [key: string]: Json }

/** One version of one entry. */
export type CatalogueEntry = {
  /** `[a-z]([a-z0-9-]*[a-z0-9])?` */
  readonly name: string
  /** Any version of letters, digits and `. _ + -`. */
  readonly version: string
  readonly description: string
  /** Schema of the values, as a CustomResourceDefinition has it. */
  readonly schema: JsonSchema
  /** Values that the entry has where none are given; defaults of the schema come after them. */
  readonly defaults: Values
  /** Values by names, which are built ahead of time. */
  readonly presets: { readonly [name: string]: Values }
}

/** Manifests of one entry that were built ahead of time. */
export type PresetBuild = {
  readonly name: string
  readonly version: string
  /** Name of the preset; undefined for the default values. */
  readonly preset: string | undefined
  /** All values, with defaults. */
  readonly values: Values
  readonly derivation: StorePath
  readonly storePath: StorePath
}

/** The place of a catalogue's expression. */
export type NixSource =
  /** A Nix file, without symbolic links on the way. */
  | { readonly kind: 'file'; readonly file: string }
  /** The output `pushlessCatalogue` of a flake that is in the store. */
  | { readonly kind: 'flake'; readonly graph: FlakeGraph }

export type Catalogue = {
  /** File or reference that the catalogue was read from. */
  readonly file: string
  /** By name, then from the newest version to the oldest. */
  readonly entries: readonly CatalogueEntry[]
} & (
  | { readonly kind: 'nix'; readonly source: NixSource }
  | { readonly kind: 'index'; readonly builds: readonly PresetBuild[] }
)

const VERSIONS = new Intl.Collator('en', { numeric: true })

/** @throws CatalogueError `not-found` with the names or versions that there are. */
export function entryOf({ entries, file }: Catalogue, name: string, version: string): CatalogueEntry {
  const versions = entries.filter((entry) => entry.name === name)
  const found = versions.find((entry) => entry.version === version)
  if (found !== undefined) return found
  const message =
    versions.length === 0
      ? `${file} has no entry ${name}, there are: ${[...new Set(entries.map((entry) => entry.name))].join(', ') || 'none'}`
      : `${name} has no version ${version}, there are: ${versions.map((entry) => entry.version).join(', ')}`
  throw new CatalogueError('not-found', message)
}

/** Orders entries by name, and the newest version first. */
export function compareEntries(a: CatalogueEntry, b: CatalogueEntry): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return VERSIONS.compare(b.version, a.version)
}
