/** What a root layer links to and copies from the store. */
import { asByteString } from '../../src/core/byte-string.ts'
import { symlink, writeFile } from 'node:fs/promises'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { root, textOf } from './root-entries.ts'

void t.test('files of the store are copied', { skip: withoutNix }, async (t) => {
  const tree = await makeStorePath('root-source', async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'run'), '#!/bin/sh', { mode: 0o755 })
    await writeFile(join(path, 'größe'), 'text')
    await symlink('run', join(path, 'link'))
    await symlink('/etc/hostname', join(path, 'outside'))
  })
  const found = await root({
    files: {
      '/run': { source: `${tree}/run` },
      '/link': { source: `${tree}/link` },
      '/text': { source: `${tree}/größe` },
      '/moded': { source: `${tree}/run`, mode: '0600' },
    },
  })
  t.match(found.get(asByteString('run')), { kind: 'file', mode: 0o555, size: 9 }, 'executable as it was')
  t.strictSame(
    found.get(asByteString('run')),
    { kind: 'file', name: 'run', mode: 0o555, size: 9, source: `${tree}/run` },
    'streamed from there, not held in memory',
  )
  t.match(
    found.get(asByteString('link')),
    { kind: 'file', mode: 0o555, size: 9, source: `${tree}/run` },
    'what a link points to',
  )
  t.match(found.get(asByteString('text')), { kind: 'file', mode: 0o444 })
  t.match(found.get(asByteString('moded')), { kind: 'file', mode: 0o600 })

  for (const source of [
    `${tree}/missing`,
    '/etc/hostname',
    '/etc',
    `${tree}/../../../etc/hostname`,
    `${tree}/outside`,
    '/nix/store',
  ]) {
    await t.rejects(
      root({ files: { '/x': { source } } }),
      {
        name: 'RegistryError',
        kind: 'unservable',
        message: `${source}: not a file in the closure of the image`,
      },
      `${source}: nothing but the store is the image's to copy from`,
    )
  }
  await t.rejects(root({ files: { '/x': { source: tree } } }), {
    name: 'RegistryError',
    kind: 'unservable',
    message: `${tree}: not a file in the closure of the image`,
  })
})

void t.test(
  'contents lie under the image’s own files, and over those that every image has',
  { skip: withoutNix },
  async (t) => {
    const tree = await makeStorePath('root-contents', async (path) => {
      for (const name of ['etc', 'tmp', 'root', 'bin']) await mkdir(join(path, name), { recursive: true })
      for (const name of ['etc/passwd', 'etc/app.conf', 'tmp/x', 'bin/sh'])
        await writeFile(join(path, name), '')
    })
    const found = await root({
      contents: [tree],
      files: { '/etc/app.conf': { text: 'mine' } },
      links: { '/bin/sh': '/mine' },
    })
    t.match(found.get(asByteString('etc/passwd')), { kind: 'symlink', target: `${tree}/etc/passwd` })
    t.match(found.get(asByteString('etc/app.conf')), { kind: 'file' })
    t.match(found.get(asByteString('bin/sh')), { kind: 'symlink', target: '/mine' })
    t.match(found.get(asByteString('tmp')), { kind: 'directory', mode: 0o1777 }, '/tmp stays open to all')
    t.match(found.get(asByteString('root')), { kind: 'directory', mode: 0o700 }, '/root stays closed')
    t.match(found.get(asByteString('tmp/x')), { kind: 'symlink' })
  },
)

void t.test('trees are copied, over contents and under files', { skip: withoutNix }, async (t) => {
  const tree = await makeStorePath('root-tree', async (path) => {
    await mkdir(join(path, 'srv/empty'), { recursive: true })
    await writeFile(join(path, 'srv/run'), '#!/bin/sh', { mode: 0o755 })
    await writeFile(join(path, 'srv/gr\u00f6\u00dfe'), 'text')
    await writeFile(join(path, 'srv/mine'), 'tree')
    await symlink('run', join(path, 'srv/link'))
  })
  const contents = await makeStorePath('root-below-tree', async (path) => {
    await mkdir(join(path, 'srv/empty'), { recursive: true })
    await writeFile(join(path, 'srv/run'), 'other')
    await writeFile(join(path, 'srv/empty/there'), '')
  })
  const plain = { source: tree, to: '/', directoryMode: '0755' }
  const found = await root({
    contents: [contents],
    extraDirectories: [
      plain,
      { source: `${tree}/srv`, to: '/opt/app', fileMode: '0640', directoryMode: '0750', uid: 5 },
    ],
    files: { '/srv/mine': { text: 'mine' } },
  })
  t.strictSame(found.get(asByteString('srv/run')), {
    kind: 'file',
    name: 'srv/run',
    mode: 0o555,
    size: 9,
    source: `${tree}/srv/run`,
  })
  const name = Buffer.from('srv/gr\u00f6\u00dfe').toString('latin1')
  t.match(found.get(asByteString(name)), { kind: 'file', mode: 0o444, source: `${tree}/${name}` })
  t.match(found.get(asByteString('srv/link')), { kind: 'symlink', target: 'run' }, 'links stay links')
  t.match(found.get(asByteString('srv/empty')), { kind: 'directory', mode: 0o755 })
  t.match(
    found.get(asByteString('srv/empty/there')),
    { kind: 'symlink' },
    'what contents has beside it stays',
  )
  t.equal(textOf(found.get(asByteString('srv/mine'))), 'mine')
  t.match(found.get(asByteString('opt/app')), {
    kind: 'directory',
    mode: 0o750,
    attributes: { uid: 5, gid: 0 },
  })
  t.match(
    found.get(asByteString('opt/app/run')),
    { mode: 0o750, attributes: { uid: 5, gid: 0 } },
    'executable for who may read',
  )
  t.match(found.get(asByteString('opt/app/mine')), { mode: 0o640 })

  for (const [extra, message] of [
    [{ ...plain, source: '/etc' }, '/etc: not a directory in the closure of the image'],
    [{ ...plain, source: `${tree}/srv/run` }, `${tree}/srv/run: not a directory in the closure of the image`],
    [{ ...plain, source: `${tree}/none` }, `${tree}/none: not a directory in the closure of the image`],
    [{ ...plain, to: '/nix/store' }, /not the image's to write to: \/nix\/store/],
    [{ ...plain, to: '/..' }, /not a path that an image can hold/],
  ] as const) {
    await t.rejects(root({ extraDirectories: [extra] }), { kind: 'unservable', message })
  }
  const bad = await makeStorePath('root-bad-tree', async (path) => {
    await mkdir(join(path, 'nix/store/x'), { recursive: true })
  })
  await t.rejects(root({ extraDirectories: [{ ...plain, source: bad }] }), {
    message: /not the image's to write to/,
  })
  const whiteout = await makeStorePath('root-whiteout', async (path) => {
    await mkdir(path)
    await writeFile(join(path, '.wh.x'), '')
  })
  await t.rejects(root({ extraDirectories: [{ ...plain, source: whiteout }] }), {
    kind: 'unservable',
    message: `${whiteout}/.wh.x: a layer cannot hold a file named .wh.*`,
  })
})
