/** Places, owners and conflicts; that the bytes are those of Python and Go is displayPath in test/e2e. */
import { asByteString } from '../../src/core/byte-string.ts'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { PathOptions } from '../../src/core/tar/layer-style.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { walkInStyle } from '../../src/layer/walk-in-style.ts'

const directory = mkdtempSync(join(tmpdir(), 'style-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** A tree outside the store: walked alike. */
function treeOf(name: string, files: Readonly<Record<string, string>>): StorePath {
  const path = join(directory, name)
  mkdirSync(path)
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true })
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(path, file))
    else writeFileSync(join(path, file), content)
  }
  return path as StorePath
}

const toRoot = (path: StorePath): PathOptions => ({
  rewrite: { regex: `^${path}`, replacement: '' },
  permissions: [],
})
const rewrite = (regex: string, replacement: string): PathOptions => ({
  rewrite: { regex, replacement },
  permissions: [],
})
const tree = (paths: readonly StorePath[], options: readonly (PathOptions | undefined)[]) => [
  ...walkInStyle(paths, { kind: 'nix2container', options }, SYSTEM_STORE),
]
const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name)

const one = treeOf('one', { 'bin/a': 'aa', 'etc/link': '-> /nowhere', 'b-x': '', 'b/c': 'c' })
const two = treeOf('two', { 'bin/a': 'AA', 'bin/z': 'z' })

void t.test('a streamed layer has absolute names and one owner', async (t) => {
  const attributes = { uid: 1, gid: 2, uname: asByteString('u'), gname: asByteString('g'), mtime: 3 }
  const entries = [...walkInStyle([one], { kind: 'streamed', attributes }, SYSTEM_STORE)]
  t.strictSame(names(entries).slice(0, 2), ['/nix', '/nix/store'])
  t.ok(entries.every((entry) => entry.attributes === attributes && entry.name.startsWith('/')))
  t.match(
    entries.find(({ name }) => name.endsWith('/bin/a')),
    { source: `${one}/bin/a`, size: 2 },
  )
})

void t.test('paths that stay where they are, below directories of their own', async (t) => {
  const entries = tree([one], [undefined])
  t.strictSame(names(entries).slice(0, 2), ['/', `/${directory.split('/')[1]}`])
  t.match(entries[0], {
    kind: 'directory',
    mode: 0o755,
    attributes: { uid: 0, gid: 0, uname: 'root', gname: 'root' },
  })
  t.ok(names(entries).includes(`${one}/bin/a`))
})

void t.test('trees joined at the root, each directory sorted by bytes', async (t) => {
  const entries = tree([one, two], [toRoot(one), toRoot(two)])
  t.strictSame(names(entries), ['/', '/b', '/b/c', '/b-x', '/bin', '/bin/a', '/bin/z', '/etc', '/etc/link'])
  t.match(
    entries.find(({ name }) => name === '/bin/a'),
    { source: `${two}/bin/a` },
    'of two the later',
  )
})

void t.test('a file that goes nowhere, and one that is moved', async (t) => {
  const options = { rewrite: { regex: '.*/(?:bin/(.*))?', replacement: '${1}' }, permissions: [] }
  t.strictSame(names(tree([two], [options])), ['a', 'bin', 'two', 'z'])
})

void t.test('permissions: every one that matches, the later over the earlier', async (t) => {
  const permissions = [
    { regex: '/bin', mode: 0o700, uid: 1, gid: 1, uname: asByteString('one') },
    { regex: 'a$', uid: 2, gid: 0, gname: asByteString('two') },
    { regex: '^bin', mode: 0, uid: 9, gid: 9 },
  ]
  const entries = tree([two], [{ ...toRoot(two), permissions }])
  t.match(
    entries.find(({ name }) => name === '/bin'),
    { mode: 0o700, attributes: { uid: 1, gid: 1, uname: 'one', gname: 'root' } },
  )
  t.match(
    entries.find(({ name }) => name === '/bin/a'),
    { mode: 0o700, attributes: { uid: 2, gid: 0, uname: 'one', gname: 'two' } },
  )
  const link = tree(
    [one],
    [{ ...toRoot(one), permissions: [{ regex: 'link', mode: 0o600, uid: 0, gid: 0 }] }],
  )
  t.match(link.at(-1), { kind: 'symlink', mode: 0o600 })
})

void t.test('entries that a layer can’t hold', async (t) => {
  const larger = treeOf('larger', { 'bin/a': 'longer' })
  const runs = treeOf('runs', { 'bin/a': 'xx' })
  chmodSync(join(runs, 'bin/a'), 0o755)
  const link = treeOf('link', { bin: '-> /other' })
  const raw = treeOf('raw', {})
  writeFileSync(Buffer.concat([Buffer.from(`${raw}/`), Buffer.from([0xff])]), '')
  const owned = (path: StorePath): PathOptions => ({
    ...toRoot(path),
    permissions: [{ regex: 'a', uid: 1, gid: 1 }],
  })
  const rows: [what: string, paths: StorePath[], options: (PathOptions | undefined)[], says: RegExp][] = [
    [
      'two sizes',
      [one, larger],
      [toRoot(one), toRoot(larger)],
      /another file with other attributes is at \/bin\/a/,
    ],
    ['two modes', [one, runs], [toRoot(one), toRoot(runs)], /another file with other attributes/],
    ['two kinds', [one, link], [toRoot(one), toRoot(link)], /another file with other attributes is at \/bin/],
    ['two owners', [one, two], [toRoot(one), owned(two)], /another file with other attributes/],
    [
      'below a link',
      [link, two],
      [rewrite('.*/link/bin$', '/l'), rewrite('.*/two/bin/', '/l/')],
      /is no directory/,
    ],
    ['climbing', [two], [rewrite('^.*/two', '../x')], /cannot be put at \.\.\/x/],
    ['a deletion', [two], [rewrite('z$', '.wh.z')], /\.wh\./],
    ['a zero byte', [two], [rewrite('z$', 'z\0')], /cannot be put at/],
    ['no UTF-8', [raw], [rewrite('x', 'y')], /cannot be rewritten, it is no UTF-8/],
    ['no expression', [two], [rewrite('(', 'y')], /missing closing/],
    ['no permission', [two], [{ permissions: [{ regex: '(', uid: 0, gid: 0 }] }], /missing closing/],
  ]
  for (const [what, paths, options, says] of rows) {
    t.throws(() => tree(paths, options), { kind: 'unservable', message: says }, what)
  }
  t.strictSame(names(tree([raw], [toRoot(raw)])), ['/', '/\u00ff'], 'the usual rewrite takes any bytes')
})
