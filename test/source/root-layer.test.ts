import { asByteString } from '../../src/core/byte-string.ts'
import t from 'tap'
import { filesOf } from '../support/read-image.ts'
import { rootEntries } from '../../src/source/root-layer.ts'
import { EMPTY, root, textOf } from './root-entries.ts'

void t.test('every image has these files at its root', async (t) => {
  const entries = [...(await rootEntries(filesOf('/'), EMPTY))]
  t.strictSame(
    entries.map((entry) => [entry.kind, entry.name, 'mode' in entry ? entry.mode.toString(8) : '']),
    [
      ['directory', 'nix', '755'],
      ['directory', 'nix/store', '755'],
      ['directory', 'etc', '755'],
      ['file', 'etc/group', '444'],
      ['file', 'etc/nsswitch.conf', '444'],
      ['file', 'etc/passwd', '444'],
      ['directory', 'root', '700'],
      ['directory', 'tmp', '1777'],
    ],
  )
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  t.match(textOf(byName.get(asByteString('etc/passwd'))), /^root:x:0:0:.*\nnobody:x:65534:65534:.*\n$/)
  t.match(textOf(byName.get(asByteString('etc/group'))), /^root:x:0:\nnobody:x:65534:\n$/)
  t.match(textOf(byName.get(asByteString('etc/nsswitch.conf'))), /^hosts: files dns$/m)
})

void t.test('files of its own', async (t) => {
  const found = await root({
    files: {
      '/etc/app.conf': { text: 'größe\n' },
      '/bin/run': { text: '#!', mode: '0755' },
      '/secret': { text: '', mode: '400' },
      '/etc/passwd': { text: 'mine' },
      '/größe/x': { text: 'x' },
    },
    links: { '/bin/sh': '/bin/run', '/etc/group': 'größe', '/var/run': '../run' },
  })
  t.match(found.get(asByteString('etc/app.conf')), { kind: 'file', mode: 0o444, size: 8 })
  t.equal(textOf(found.get(asByteString('etc/app.conf'))), 'größe\n')
  t.match(found.get(asByteString('bin/run')), { kind: 'file', mode: 0o755 })
  t.match(found.get(asByteString('secret')), { kind: 'file', mode: 0o400, size: 0 })
  t.equal(textOf(found.get(asByteString('etc/passwd'))), 'mine', 'over those that every image has')
  t.match(found.get(asByteString(Buffer.from('größe/x').toString('latin1'))), { kind: 'file' })
  t.match(found.get(asByteString('bin/sh')), { kind: 'symlink', target: '/bin/run' })
  t.match(found.get(asByteString('etc/group')), {
    kind: 'symlink',
    target: Buffer.from('größe').toString('latin1'),
  })
  t.match(found.get(asByteString('var/run')), { kind: 'symlink', target: '../run' })
  t.match(found.get(asByteString('var')), { kind: 'directory', mode: 0o755 })
})

void t.test('places that an image can’t put a file', async (t) => {
  for (const path of [
    '/',
    '/a//b',
    '/a/',
    '/./a',
    '/a/..',
    '/../etc/passwd',
    '/.wh.x',
    '/a/.wh..wh..opq',
    'etc/x',
    'x',
  ]) {
    const refused = {
      name: 'RegistryError',
      kind: 'unservable',
      message: `not a path that an image can hold: ${path}`,
    }
    await t.rejects(root({ files: { [path]: { text: '' } } }), refused, `file ${path}`)
    await t.rejects(root({ links: { [path]: '/x' } }), refused, `link ${path}`)
  }
  for (const path of [
    '/nix',
    '/nix/store',
    '/nix/store/x',
    '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x/y',
  ]) {
    await t.rejects(root({ files: { [path]: { text: '' } } }), {
      name: 'RegistryError',
      kind: 'unservable',
      message: new RegExp(`not the image's to write to: ${path}`),
    })
  }
  t.ok(
    (await root({ files: { '/nix/var/x': { text: '' } } })).has(asByteString('nix/var/x')),
    'beside the store it can',
  )
})

void t.test('a file needs a text or a source', async (t) => {
  await t.rejects(root({ files: { '/x': { mode: '0755' } } }), {
    name: 'RegistryError',
    kind: 'unservable',
    message: 'file /x has neither text nor source',
  })
})

void t.test('owners, and directories of its own', async (t) => {
  const found = await root({
    files: {
      '/etc/secret': { text: '', mode: '0400', uid: 1000, gid: 100 },
      '/etc/roots': { text: '', uid: 0, gid: 0 },
      '/data/deep/x': { text: '', gid: 7 },
    },
    directories: { '/data': { mode: '0700', uid: 1000, gid: 1000 }, '/tmp': { mode: '0755' } },
  })
  t.match(found.get(asByteString('etc/secret')), { mode: 0o400, attributes: { uid: 1000, gid: 100 } })
  t.notOk(found.get(asByteString('etc/roots'))?.attributes, 'root\u2019s is as ever')
  t.strictSame(found.get(asByteString('data')), {
    kind: 'directory',
    name: 'data',
    mode: 0o700,
    attributes: { uid: 1000, gid: 1000 },
  })
  t.notOk(found.get(asByteString('data/deep'))?.attributes, 'a directory in between is root\u2019s')
  t.match(found.get(asByteString('data/deep/x')), { attributes: { uid: 0, gid: 7 } })
  t.match(found.get(asByteString('tmp')), { mode: 0o755 }, 'over those that every image has')
})

void t.test('upon a base there is only what the image itself says', async (t) => {
  const found = await root({ hasBase: true, files: { '/etc/x': { text: '' } } })
  t.strictSame([...found.keys()], ['nix', 'nix/store', 'etc', 'etc/x'])
})
