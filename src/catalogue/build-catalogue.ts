/** Builds the manifests of a catalogue ahead of time: of each entry with its default values, and with each preset. */
import { runNix } from '../kubernetes/app/run-nix.ts'
import type { Catalogue, CatalogueEntry, PresetBuild, Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
import { evaluateEntry } from './evaluate-entry.ts'
import type { Evaluator } from './evaluator.ts'
import { tryFill } from './fill-values.ts'

export type CatalogueBuild = {
  readonly evaluator: Evaluator
  /** Returns the link that keeps a build from being collected. */
  readonly linkOf: (entry: CatalogueEntry, preset: string | undefined) => string
  readonly timeoutMs: number
  /** Receives the progress, a line each. */
  readonly onNews: (line: string) => void
}

type Wanted = {
  readonly entry: CatalogueEntry
  readonly preset: string | undefined
  readonly values: Values
}

/**
 * Entries that require values which neither defaults nor a preset have are left out, and `onNews` reports it.
 * @returns in the order of the entries. @throws CatalogueError, NixFailure, NixMissing.
 */
export async function buildCatalogue(
  catalogue: Catalogue & { readonly kind: 'nix' },
  { evaluator, linkOf, timeoutMs, onNews }: CatalogueBuild,
): Promise<readonly PresetBuild[]> {
  const wanted = catalogue.entries.flatMap((entry) => wantedOf(entry, onNews))
  const evaluated = await Promise.all(
    wanted.map(async ({ entry, values }) => evaluateEntry(catalogue.source, entry, values, evaluator)),
  )
  const builds: PresetBuild[] = []
  for (const [at, { entry, preset, values }] of wanted.entries()) {
    const { name, version } = entry
    const { derivation, storePath } = evaluated[at] ?? {}
    if (derivation === undefined || storePath === undefined)
      throw new CatalogueError(
        'invalid-catalogue',
        `${name} ${version}: the path of its manifests is known only after the build, and an index needs it before`,
      )
    await runNix('nix-store', ['--realise', derivation, '--add-root', linkOf(entry, preset), '--indirect'], {
      timeoutMs,
      onNews,
    })
    builds.push({ name, version, preset, values, derivation, storePath })
  }
  return builds
}

function wantedOf(entry: CatalogueEntry, onNews: CatalogueBuild['onNews']): readonly Wanted[] {
  const all: readonly (readonly [string | undefined, Values])[] = [
    [undefined, {}],
    ...Object.entries(entry.presets),
  ]
  return all.flatMap(([preset, own]) => {
    const { filled, problems } = tryFill(entry, own)
    const [first] = problems
    if (first === undefined) return [{ entry, preset, values: filled }]
    const what = preset === undefined ? 'its defaults' : `preset ${preset}`
    onNews(`${entry.name} ${entry.version}: not built with ${what}: ${first.message}`)
    return []
  })
}
