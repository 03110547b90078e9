import { access, glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { anchorsOf, readPages } from './pages.ts'
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

void t.test('links between pages lead somewhere, and their anchors to a heading', async (t) => {
  const pages = new Map((await readPages()).map(({ name, text }) => [name, text]))
  let links = 0
  let anchors = 0
  for (const [page, text] of pages) {
    for (const [, link = '', anchor] of text.matchAll(LINK)) {
      links += 1
      const target = link === '' ? page : join(dirname(page), link)
      await access(join(root, target)).catch(() => t.fail(`${page}: ${link}`))
      if (anchor === undefined) continue
      anchors += 1
      t.ok(anchorsOf(pages.get(target) ?? '').has(anchor), `${page}: ${link}#${anchor}`)
    }
  }
  t.ok(links > 100, `${links} links`)
  t.ok(anchors > 20, `${anchors} anchors`)
})

void t.test('anchors are those of GitHub', (t) => {
  const page =
    '# A `code`, and [a link](b.md)!\n## k3s, RKE2\n## Twice\n```sh\n# no heading\n```\n## Twice\n## What’s_up — now?\n'
  t.strictSame([...anchorsOf(page)], ['a-code-and-a-link', 'k3s-rke2', 'twice', 'twice-1', 'whats_up--now'])
  t.end()
})

void t.test('the index has every page of docs', async (t) => {
  const index = await readFile(join(root, 'docs/README.md'), 'utf8')
  for await (const page of glob('**/*.md', { cwd: join(root, 'docs') }))
    if (page !== 'README.md') t.ok(index.includes(`](${page})`), page)
})

void t.test('the page of clients has every page of nodes', async (t) => {
  const index = await readFile(join(root, 'docs/clients.md'), 'utf8')
  let pages = 0
  for await (const page of glob('nodes/*.md', { cwd: join(root, 'docs') })) {
    pages += 1
    t.ok(index.includes(`](${page})`), page)
  }
  t.ok(pages >= 11, `${pages} pages`)
})

void t.test('the README can be read in one go', async (t) => {
  const lines = (await readFile(join(root, 'README.md'), 'utf8')).split('\n').length
  t.ok(lines <= MAX_README_LINES, `${lines} lines`)
})
