/** The table of docs/settings.md, from the one place that has them. `node scripts/settings-table.ts` writes them there. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { SETTING_FACTS } from '../src/settings/setting-facts.ts'
import { FILES, SETTINGS, WORD_LISTS } from '../src/settings/setting-table.ts'

const PAGE = fileURLToPath(new URL('../docs/settings.md', import.meta.url))
const NIX = fileURLToPath(new URL('../nix/settings.json', import.meta.url))
const BETWEEN = /(<!-- settings:.*-->\n)[^]*(<!-- \/settings -->)/

/** The page's text with the table as it should be. */
export function withSettingsTable(text: string): string {
  const rows = SETTING_FACTS.map(
    ({ name, flag, description, default: preset }) =>
      `| \`${flag}\` | \`${name}\` | ${preset} | ${description} |`,
  )
  const table = ['| flag | environment | default | what it is |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
  return text.replace(BETWEEN, (_, before: string, after: string) => `${before}\n${table}\n\n${after}`)
}

/** The text of nix/settings.json: what the NixOS module has to know of each setting, by its flag without the dashes. */
export function settingsForNix(): string {
  const entries = SETTING_FACTS.map(({ name, flag, description }) => {
    const { type, enum: values, minimum, maximum } = SETTINGS.properties[name] as Limits
    const isList = WORD_LISTS.has(name) ? true : undefined
    const isFile = FILES.has(name) ? true : undefined
    return [flag.slice('--'.length), { type, enum: values, minimum, maximum, isList, isFile, description }]
  })
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}

/** A TypeBox schema is JSON Schema, whose keywords its types don't carry. */
type Limits = {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

if (import.meta.main) {
  await writeFile(PAGE, withSettingsTable(await readFile(PAGE, 'utf8')))
  await writeFile(NIX, settingsForNix())
}
