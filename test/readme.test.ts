import { readFile } from 'node:fs/promises'
import t from 'tap'
import { settingsForNix, withSettingsTable } from '../scripts/settings-table.ts'

void t.test('the README has every setting as it is', async (t) => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  t.equal(withSettingsTable(text), text, 'else run: node scripts/settings-table.ts')
  t.match(text, /\| `--listen` \| `PUSHLESS_LISTEN` \|/)
})

void t.test('the NixOS module knows every setting', async (t) => {
  const text = await readFile(new URL('../nix/settings.json', import.meta.url), 'utf8')
  t.equal(text, settingsForNix(), 'else run: node scripts/settings-table.ts')
})
