/** Reads a catalogue: a Nix file or a flake, which are evaluated, or the index of one, for which no Nix is needed. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NixRun } from '../kubernetes/app/run-nix.ts'
import type { Catalogue, NixSource } from './catalogue.ts'
import { readIndex } from './catalogue-index.ts'
import { evaluateCatalogue } from './evaluate-catalogue.ts'
import type { Evaluator } from './evaluator.ts'
import { fetchFlake } from './fetch-flake.ts'
import { readEntries } from './read-entries.ts'

export type OpenOptions = {
  readonly signal?: AbortSignal
  /** How flakes are fetched. Without it they are refused, since that needs the network. */
  readonly fetching?: NixRun
}

/** `github:owner/repository` */
const FLAKE_REFERENCE = /^[a-z][a-z0-9+-]+:/

type Found =
  | { readonly kind: 'index'; readonly file: string }
  | { readonly kind: 'nix'; readonly file: string }
  | { readonly kind: 'flake'; readonly reference: string }

/**
 * @param name a Nix file, an index, a directory with `catalogue.json`, `catalogue.nix` or `flake.nix`, or the reference of
 * a flake. The directory around a Nix file is all that it may read, and a flake reads its source and its inputs.
 * @throws CatalogueError; NixFailure for a flake that can't be fetched; NixMissing; the system's error.
 */
export async function openCatalogue(
  name: string,
  evaluator: Evaluator,
  { signal, fetching }: OpenOptions = {},
): Promise<Catalogue> {
  const found = await find(name, fetching !== undefined)
  if (found.kind === 'index') return readIndex(await readFile(found.file, 'utf8'), found.file)
  const file = found.kind === 'flake' ? found.reference : found.file
  const source: NixSource =
    found.kind === 'flake' && fetching !== undefined
      ? { kind: 'flake', graph: await fetchFlake(found.reference, fetching) }
      : { kind: 'file', file }
  const text = await evaluateCatalogue({ source, request: undefined, subject: file, signal }, evaluator)
  return { kind: 'nix', file, source, entries: readEntries(text, file) }
}

async function find(name: string, hasFlakes: boolean): Promise<Found> {
  const path = await realpath(name).catch((error: unknown) => {
    if (hasFlakes && FLAKE_REFERENCE.test(name)) return undefined
    throw error
  })
  if (path === undefined) return { kind: 'flake', reference: name }
  if (!(await stat(path)).isDirectory()) return { kind: path.endsWith('.json') ? 'index' : 'nix', file: path }
  if (await isThere(join(path, 'catalogue.json')))
    return { kind: 'index', file: join(path, 'catalogue.json') }
  const isFlake = hasFlakes && !(await isThere(join(path, 'catalogue.nix')))
  if (isFlake && (await isThere(join(path, 'flake.nix')))) return { kind: 'flake', reference: path }
  return { kind: 'nix', file: await realpath(join(path, 'catalogue.nix')) }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
