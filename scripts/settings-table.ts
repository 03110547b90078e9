/** The settings of the README, from the one place that has them. `node scripts/settings-table.ts` writes them there. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { SETTING_FACTS } from '../src/config.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const BETWEEN = /(<!-- settings:.*-->\n)[^]*(<!-- \/settings -->)/

/** The README's text with the table as it should be. */
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

if (import.meta.main) await writeFile(README, withSettingsTable(await readFile(README, 'utf8')))
