import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { settingsForNix, withSettingsTable } from '../../scripts/settings-table.ts'

void t.test('docs/settings.md has every setting as it is', async (t) => {
  const text = await readFile(new URL('../../docs/settings.md', import.meta.url), 'utf8')
  t.equal(withSettingsTable(text), text, 'else run: node scripts/settings-table.ts')
  t.match(text, /\| `--listen` \| `PUSHLESS_LISTEN` \|/)
})

void t.test('the NixOS module knows every setting', async (t) => {
  const text = await readFile(new URL('../../nix/settings.json', import.meta.url), 'utf8')
  t.equal(text, settingsForNix(), 'else run: node scripts/settings-table.ts')
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const LINK = /\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g
const MAX_README_LINES = 150

void t.test('links between pages lead somewhere', async (t) => {
  const pages = await Array.fromAsync(glob('{*.md,docs/*.md,nix/*.md,manifests/*.md}', { cwd: root }))
  let count = 0
  for (const page of pages) {
    for (const [, link = '', anchor] of (await readFile(join(root, page), 'utf8')).matchAll(LINK)) {
      count += 1
      const target = link === '' ? join(root, page) : join(root, dirname(page), link)
      await access(target).catch(() => t.fail(`${page}: ${link}`))
      if (anchor !== undefined && target.endsWith('.md'))
        t.ok(anchorsOf(await readFile(target, 'utf8')).has(anchor), `${page}: ${link}#${anchor}`)
    }
  }
  t.ok(count > 40, `${count} links`)
})

void t.test('the index has every page of docs', async (t) => {
  const index = await readFile(join(root, 'docs/README.md'), 'utf8')
  for await (const page of glob('*.md', { cwd: join(root, 'docs') }))
    if (page !== 'README.md') t.ok(index.includes(`](${page})`), page)
})

void t.test('the README can be read in one go', async (t) => {
  const lines = (await readFile(join(root, 'README.md'), 'utf8')).split('\n').length
  t.ok(lines <= MAX_README_LINES, `${lines} lines`)
})

/** The anchors of a page's headings, as forges make them: lower case, spaces as hyphens, without punctuation. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = Array.from(text.matchAll(/^#{1,6} (.+)$/gm), ([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
