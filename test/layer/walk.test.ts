import { asByteString, fsPath } from '../../src/core/byte-string.ts'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { LayerEntry } from '../../src/core/tar/segment.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { STORE_DIRECTORIES, walkStorePaths } from '../../src/layer/walk.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { mkdir, symlink, writeFile } from 'node:fs/promises'

const directory = mkdtempSync(join(tmpdir(), 'walk-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** A tree outside the store: walked alike, and it can be what no store path is. */
function treeOf(name: string, fill: (path: string) => void): StorePath {
  const path = join(directory, name)
  mkdirSync(path)
  fill(path)
  return path as StorePath
}

/** Without what stands in every layer, and relative to the path. */
function entriesOf(path: StorePath): LayerEntry[] {
  return [...walkStorePaths([path], SYSTEM_STORE)]
    .slice(STORE_DIRECTORIES.length)
    .map((entry) => ({ ...entry, name: asByteString(entry.name.slice(path.length - 1)) }))
}

void t.test('a layer begins with the directories of the store', async (t) => {
  t.strictSame(
    [...walkStorePaths([], SYSTEM_STORE)],
    [
      { kind: 'directory', name: 'nix', mode: 0o755 },
      { kind: 'directory', name: 'nix/store', mode: 0o755 },
    ],
  )
})

void t.test('depth first, entries sorted by bytes, modes as Nix has them', async (t) => {
  const path = treeOf('tree', (path) => {
    mkdirSync(join(path, 'b'))
    writeFileSync(join(path, 'b', 'inner'), 'x')
    writeFileSync(join(path, 'b-file'), '')
    writeFileSync(join(path, 'B'), 'upper')
    writeFileSync(join(path, 'run'), '#!', { mode: 0o700 })
    writeFileSync(join(path, 'setuid'), '', { mode: 0o644 })
    chmodSync(join(path, 'setuid'), 0o4711)
    symlinkSync('../somewhere', join(path, 'link'))
    symlinkSync('/nowhere', join(path, 'a'))
    writeFileSync(join(path, '.hidden'), '1234')
    writeFileSync(join(path, 'ä'), '')
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff])]), 'raw')
    mkdirSync(join(path, 'empty'), { mode: 0o700 })
    utimesSync(join(path, 'run'), 5, 5)
  })
  t.strictSame(entriesOf(path), [
    { kind: 'directory', name: '', mode: 0o555 },
    { kind: 'file', name: '/.hidden', mode: 0o444, size: 4 },
    { kind: 'file', name: '/B', mode: 0o444, size: 5 },
    { kind: 'symlink', name: '/a', target: '/nowhere' },
    { kind: 'directory', name: '/b', mode: 0o555 },
    { kind: 'file', name: '/b/inner', mode: 0o444, size: 1 },
    { kind: 'file', name: '/b-file', mode: 0o444, size: 0 },
    { kind: 'directory', name: '/empty', mode: 0o555 },
    { kind: 'symlink', name: '/link', target: '../somewhere' },
    { kind: 'file', name: '/run', mode: 0o555, size: 2 },
    { kind: 'file', name: '/setuid', mode: 0o555, size: 0 },
    { kind: 'file', name: '/\u00c3\u00a4', mode: 0o444, size: 0 },
    { kind: 'file', name: '/\u00ff', mode: 0o444, size: 3 },
  ])
})

void t.test('names and targets that are no UTF-8 keep their bytes', async (t) => {
  const path = treeOf('bytes', (path) => {
    symlinkSync(Buffer.from([0xfe, 0x2f, 0xff]), join(path, 'link'))
    const inner = Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xfd])])
    mkdirSync(inner)
    writeFileSync(Buffer.concat([inner, Buffer.from('/file')]), 'x')
  })
  t.strictSame(entriesOf(path).slice(1), [
    { kind: 'symlink', name: '/link', target: '\u00fe/\u00ff' },
    { kind: 'directory', name: '/\u00fd', mode: 0o555 },
    { kind: 'file', name: '/\u00fd/file', mode: 0o444, size: 1 },
  ])
  t.equal(fsPath(asByteString('/plain')), '/plain')
  t.strictSame(fsPath(asByteString('/\u00ff')), Buffer.from([0x2f, 0xff]))
})

void t.test('hard links are files of their own', async (t) => {
  const path = treeOf('hard', (path) => {
    writeFileSync(join(path, 'one'), 'same')
    linkSync(join(path, 'one'), join(path, 'two'))
  })
  t.strictSame(entriesOf(path).slice(1), [
    { kind: 'file', name: '/one', mode: 0o444, size: 4 },
    { kind: 'file', name: '/two', mode: 0o444, size: 4 },
  ])
})

void t.test('several paths come in the order given', async (t) => {
  const [b, a] = ['order-b', 'order-a'].map((name) => treeOf(name, () => undefined))
  if (a === undefined || b === undefined) return
  t.strictSame(
    [...walkStorePaths([b, a], SYSTEM_STORE)].map(({ name }) => `/${name}`),
    ['/nix', '/nix/store', b, a],
  )
})

void t.test('a file of a name that would delete another is refused, with its path', async (t) => {
  for (const name of ['.wh.bin', '.wh..wh..opq', '.wh.größe']) {
    const path = treeOf(`whiteout-${name.length}`, (path) => {
      mkdirSync(join(path, 'deep'))
      writeFileSync(join(path, 'deep', name), '')
    })
    t.throws(
      () => [...walkStorePaths([path], SYSTEM_STORE)],
      {
        name: 'RegistryError',
        kind: 'unservable',
        message: `${path}/deep/${name}: a layer cannot hold a file named .wh.*`,
        detail: { path: `${path}/deep/${name}` },
      },
      name,
    )
  }
  const innocent = treeOf('innocent', (path) => writeFileSync(join(path, 'x.wh.y'), ''))
  t.equal(entriesOf(innocent).length, 2)
})

void t.test('other kinds of files are refused', async (t) => {
  const path = treeOf('fifo', () => undefined)
  await execa('mkfifo', [join(path, 'pipe')])
  t.throws(() => [...walkStorePaths([path], SYSTEM_STORE)], {
    name: 'RegistryError',
    kind: 'unservable',
    message: /fifo\/pipe: neither/,
  })
})

void t.test('a path that vanished is unavailable', async (t) => {
  const path = join(directory, 'nowhere') as StorePath
  t.throws(() => [...walkStorePaths([path], SYSTEM_STORE)], {
    name: 'RegistryError',
    kind: 'unavailable',
    message: `store path vanished: ${path}`,
  })
})

void t.test('the entries of a store path that Nix made', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('unit-walk', async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    await writeFile(join(path, 'bin', 'run'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(join(path, 'text'), 'text')
    await symlink('bin/run', join(path, 'link'))
  })
  t.strictSame([...walkStorePaths([path], SYSTEM_STORE)].slice(2), [
    { kind: 'directory', name: path.slice(1), mode: 0o555 },
    { kind: 'directory', name: `${path}/bin`.slice(1), mode: 0o555 },
    { kind: 'file', name: `${path}/bin/run`.slice(1), mode: 0o555, size: 10 },
    { kind: 'symlink', name: `${path}/link`.slice(1), target: 'bin/run' },
    { kind: 'file', name: `${path}/text`.slice(1), mode: 0o444, size: 4 },
  ])
})
