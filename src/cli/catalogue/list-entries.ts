/** `pushless catalogue list`: a row for each entry, with its versions. */
import { tableOf } from '../display/table.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { openGiven, type CatalogueFlags } from './catalogue-flags.ts'

const COLUMNS = [
  { title: 'NAME', align: 'left' },
  { title: 'VERSION', align: 'left' },
  { title: 'DESCRIPTION', align: 'left' },
] as const

export async function listEntries(
  file: string,
  flags: CatalogueFlags & { readonly json: boolean },
  facts: ProcessFacts,
): Promise<void> {
  const {
    catalogue: { entries },
  } = await openGiven(file, flags, facts)
  if (flags.json) process.stdout.write(`${JSON.stringify({ entries }, undefined, 2)}\n`)
  else if (entries.length === 0) process.stdout.write(`no entries in ${file}\n`)
  else {
    const rows = entries.map(({ name, version, description }) => [name, version, description])
    process.stdout.write(`${tableOf(COLUMNS, rows, process.stdout.columns ?? Infinity).join('\n')}\n`)
  }
}
