/**
 * The index of a catalogue: all of its entries, and the manifests that were built ahead of time. A machine without Nix
 * reads it instead of the catalogue.
 */
import * as Type from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { isDerivationPath, parseStorePath } from '../core/nix/store-path.ts'
import type { Catalogue, CatalogueEntry, PresetBuild, Values } from './catalogue.ts'
import { CatalogueError } from './catalogue-error.ts'
import { parseBounded, readEntries } from './read-entries.ts'

/** Grows where a reader of before would misunderstand what is written. */
const FORMAT = 1

const INDEX = validatorOf(
  Type.Object({
    pushlessCatalogue: Type.Literal(FORMAT),
    entries: Type.Unknown(),
    builds: Type.Array(
      Type.Object({
        name: Type.String(),
        version: Type.String(),
        preset: Type.Optional(Type.String()),
        values: Type.Unsafe<Values>(Type.Object({})),
        derivation: Type.String(),
        storePath: Type.String(),
      }),
    ),
  }),
)

/** @param file what it is called in messages. @throws CatalogueError `invalid-catalogue` */
export function readIndex(text: string, file: string): Catalogue {
  const json = parseBounded(text, file)
  if (!INDEX.Check(json))
    throw new CatalogueError(
      'invalid-catalogue',
      `${file}: expected what \`pushless catalogue build\` wrote, of format ${FORMAT}`,
    )
  const index = INDEX.Parse(json)
  const entries = readEntries(JSON.stringify(index.entries), file)
  const builds = index.builds.map((build): PresetBuild => {
    const [derivation, storePath] = [parseStorePath(build.derivation), parseStorePath(build.storePath)]
    if (derivation === undefined || storePath === undefined || !isDerivationPath(derivation))
      throw new CatalogueError(
        'invalid-catalogue',
        `${file}: a build of ${build.name} ${build.version} has no derivation and store path`,
      )
    return { ...build, preset: build.preset, derivation, storePath }
  })
  return { kind: 'index', file, entries, builds }
}

/** @returns JSON that `readIndex` reads. The same catalogue has the same bytes. */
export function writeIndex(entries: readonly CatalogueEntry[], builds: readonly PresetBuild[]): string {
  const versions = new Map<string, Record<string, object>>()
  for (const { name, version, description, schema, defaults, presets } of entries) {
    const own = versions.get(name) ?? {}
    own[version] = { description, schema, defaults, presets }
    versions.set(name, own)
  }
  const index = { pushlessCatalogue: FORMAT, entries: Object.fromEntries(versions), builds }
  return `${JSON.stringify(index, undefined, 2)}\n`
}
