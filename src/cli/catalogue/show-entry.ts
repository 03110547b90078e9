/** `pushless catalogue show`: the fields of an entry's values as people read them. */
import { entryOf } from '../../catalogue/catalogue.ts'
import { CatalogueError } from '../../catalogue/catalogue-error.ts'
import { fieldsOf } from '../../catalogue/schema-fields.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { tableOf } from '../display/table.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { asUsage, openGiven, type CatalogueFlags } from './catalogue-flags.ts'

const COLUMNS = [
  { title: 'FIELD', align: 'left' },
  { title: 'TYPE', align: 'left' },
  { title: 'DEFAULT', align: 'left' },
  { title: 'DESCRIPTION', align: 'left' },
] as const

/** @param version the newest where none is given. @throws UsageError, CatalogueError, NixMissing. */
export async function showEntry(
  file: string,
  name: string,
  version: string | undefined,
  flags: CatalogueFlags,
  facts: ProcessFacts,
): Promise<void> {
  const { catalogue } = await openGiven(file, flags, facts)
  const versions = catalogue.entries.filter((entry) => entry.name === name).map((entry) => entry.version)
  const wanted = version ?? versions[0] ?? ''
  const entry = find(() => entryOf(catalogue, name, wanted))
  const fields = fieldsOf(entry.schema, entry.defaults)
  const rows = fields.map((field) => [
    field.path,
    field.type,
    field.isRequired ? 'required' : (field.preset ?? ''),
    field.description,
  ])
  const table = tableOf(COLUMNS, rows, process.stdout.columns ?? Infinity)
  const presets = Object.entries(entry.presets)
  const lines = [
    `${name} ${wanted}`,
    entry.description,
    `versions: ${versions.join(', ')}`,
    '',
    ...(table.length === 0 ? ['no fields'] : table),
  ]
  for (const [preset, values] of presets) {
    const text = Object.keys(values).length === 0 ? '{}\n' : writeYaml(values)
    lines.push('', `preset ${preset}:`, text.trimEnd().replaceAll(/^/gm, '  '))
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

function find<Entry>(work: () => Entry): Entry {
  try {
    return work()
  } catch (error) {
    if (error instanceof CatalogueError) return asUsage(error)
    throw error
  }
}
