/** `pushless catalogue build`: builds what a catalogue has ahead of time, and writes the index of it. */
import { readSeconds } from '../read-seconds.ts'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildCatalogue } from '../../catalogue/build-catalogue.ts'
import { writeIndex } from '../../catalogue/catalogue-index.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'
import { openGiven, type BuildFlags } from './catalogue-flags.ts'

/** @throws UsageError, CatalogueError, NixFailure, NixMissing. Then there is no new index. */
export async function buildIndex(file: string, flags: BuildFlags, facts: ProcessFacts): Promise<void> {
  const timeoutMs = readSeconds('--timeout', flags.timeout)
  const { output } = flags
  const { catalogue, evaluator } = await openGiven(file, flags, facts)
  if (catalogue.kind === 'index') throw new UsageError(`${catalogue.file} is an index already`)
  await mkdir(output, { recursive: true })
  const builds = await buildCatalogue(catalogue, {
    evaluator,
    timeoutMs,
    linkOf: ({ name, version }, preset) =>
      join(output, name, preset === undefined ? version : `${version}@${preset}`),
    onNews: (line) => {
      if (!flags.quiet) process.stderr.write(`${line}\n`)
    },
  })
  const index = join(output, 'catalogue.json')
  const temporary = `${index}.new`
  await writeFile(temporary, writeIndex(catalogue.entries, builds))
  await rename(temporary, index)
  process.stdout.write(`${index}: ${catalogue.entries.length} entries, ${builds.length} builds\n`)
}
