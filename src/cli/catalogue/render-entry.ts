/** `pushless catalogue render`: an entry and values in, a link to its manifests out, or YAML. */
import { readSeconds } from '../read-seconds.ts'
import { text as readText } from 'node:stream/consumers'
import { realpath } from 'node:fs/promises'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CatalogueError } from '../../catalogue/catalogue-error.ts'
import type { Evaluator } from '../../catalogue/evaluator.ts'
import { readValues, type GivenValues } from '../../catalogue/read-values.ts'
import { resolveEntry, type ResolvedEntry } from '../../catalogue/resolve-entry.ts'
import { runNix } from '../../kubernetes/app/run-nix.ts'
import { readObjects } from '../../kubernetes/read/read-objects.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { readObjectFiles, readTextFile } from '../manifests/object-files.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import { asUsage, openGiven, type RenderFlags } from './catalogue-flags.ts'

type Rendering = {
  readonly name: string
  readonly version: string
  /** Link to what is built; undefined: none. */
  readonly link: string | undefined
}

/** @throws UsageError for values that are refused, each with its place; CatalogueError; NixFailure; NixMissing. */
export async function renderEntry(
  file: string,
  { name, version, link }: Rendering,
  flags: RenderFlags,
  facts: ProcessFacts,
): Promise<void> {
  const timeoutMs = readSeconds('--timeout', flags.timeout)
  const given = await readGiven(flags.values)
  const { catalogue, evaluator } = await openGiven(file, flags, facts)
  const resolved = await resolveGiven(catalogue, { name, version }, given, evaluator)
  const path = await realise(resolved, link, {
    timeoutMs,
    onNews: (line) => {
      if (!flags.quiet) process.stderr.write(`${line}\n`)
    },
  })
  const objects = (await readObjectFiles(path)).flatMap(
    ({ text, source }) => readObjects(text, source).objects,
  )
  if (flags.print) process.stdout.write(objects.map(({ object }) => writeYaml({ ...object })).join('---\n'))
  else {
    const names = objects.map(({ object }) => `${object.kind}/${object.metadata.name}\n`)
    process.stdout.write(`${names.join('')}${resolved.deliveredName}: ${link} -> ${path}\n`)
  }
}

type Given = GivenValues & { readonly kind: 'values' }

async function readGiven(file: string | undefined): Promise<Given> {
  if (file === undefined) return { kind: 'values', values: {}, placeOf: () => 'the defaults' }
  const text = file === '-' ? await readText(process.stdin) : await readTextFile(file)
  const given = readValues(text, file === '-' ? 'standard input' : file)
  if (given.kind === 'refused') throw new UsageError(given.messages.join('\n'))
  return given
}

async function resolveGiven(
  catalogue: Catalogue,
  { name, version }: Pick<Rendering, 'name' | 'version'>,
  { values, placeOf }: Given,
  evaluator: Evaluator,
): Promise<ResolvedEntry> {
  try {
    return await resolveEntry(catalogue, { name, version, values }, evaluator)
  } catch (error) {
    if (!(error instanceof CatalogueError) || error.problems.length === 0) return asUsage(error)
    const lines = error.problems.map(({ path, message }) => `${placeOf(path)}: ${message}`)
    throw new UsageError(lines.join('\n'), { cause: error })
  }
}

/** Builds or fetches the manifests. @returns their store path. */
async function realise(
  { derivation, storePath, isBuilt }: ResolvedEntry,
  link: string | undefined,
  run: Parameters<typeof runNix>[2],
): Promise<string> {
  const wanted = isBuilt && storePath !== undefined ? storePath : derivation
  const root = link === undefined ? [] : ['--add-root', link, '--indirect']
  const printed = await runNix('nix-store', ['--realise', wanted, ...root], run)
  // With a root, nix-store prints its name.
  return realpath(printed)
}
