import { asByteString } from '../../../src/core/byte-string.ts'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { filesOf } from '../../support/read-image.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { FileTree } from '../../../src/source/files/file-tree.ts'
import { linkContents } from '../../../src/source/files/symlink-farm.ts'
import { makeStorePath, withoutNix } from '../../nix/real-store.ts'

/** Paths ending in a slash are directories, `a -> b` links, all else files. */
function treeOf(name: string, paths: readonly string[]): Promise<StorePath> {
  return makeStorePath(name, async (root) => {
    await mkdir(root)
    for (const path of paths) {
      const [place = '', target] = path.split(' -> ')
      await mkdir(dirname(join(root, place)), { recursive: true })
      if (target !== undefined) await symlink(target, join(root, place))
      else if (place.endsWith('/')) await mkdir(join(root, place), { recursive: true })
      else await writeFile(join(root, place), place)
    }
  })
}

async function farm(contents: readonly StorePath[], own: readonly string[] = []): Promise<string[]> {
  const tree = new FileTree()
  await linkContents(tree, contents, own.map(asByteString), filesOf('/'))
  return [...(await tree.entries())].map((entry) =>
    entry.kind === 'symlink' ? `${entry.name} -> ${entry.target}` : `${entry.name}/`,
  )
}

void t.test('trees below /', { skip: withoutNix }, async (t) => {
  const a = await treeOf('farm-a', [
    'bin/a',
    'bin/both',
    'share/a/doc',
    'share/man/a.1',
    'top',
    'nix-support/x',
    'nix/y',
  ])
  const b = await treeOf('farm-b', ['bin/b', 'bin/both', 'share/man/b.1', 'etc/b.conf', 'empty/'])

  t.strictSame(await farm([]), [])

  t.strictSame(
    await farm([a]),
    [
      'bin/',
      `bin/a -> ${a}/bin/a`,
      `bin/both -> ${a}/bin/both`,
      'share/',
      `share/a -> ${a}/share/a`,
      `share/man -> ${a}/share/man`,
      `top -> ${a}/top`,
    ],
    'directories at the top are real, those below one link; nothing for Nix',
  )

  const both = [
    'bin/',
    `bin/a -> ${a}/bin/a`,
    `bin/b -> ${b}/bin/b`,
    `bin/both -> ${a}/bin/both`,
    'empty/',
    'etc/',
    `etc/b.conf -> ${b}/etc/b.conf`,
    'share/',
    `share/a -> ${a}/share/a`,
    'share/man/',
    `share/man/a.1 -> ${a}/share/man/a.1`,
    `share/man/b.1 -> ${b}/share/man/b.1`,
    `top -> ${a}/top`,
  ]
  t.strictSame(await farm([a, b]), both, 'a directory of both is real, of a file in both the first wins')
  t.strictSame(
    await farm([b, a]),
    both.map((line) => (line.startsWith('bin/both') ? `bin/both -> ${b}/bin/both` : line)),
    'the order decides that alone',
  )

  t.strictSame(
    await farm([a], ['share/a/mine', 'share/new/mine']),
    [
      'bin/',
      `bin/a -> ${a}/bin/a`,
      `bin/both -> ${a}/bin/both`,
      'share/',
      'share/a/',
      `share/a/doc -> ${a}/share/a/doc`,
      `share/man -> ${a}/share/man`,
      `top -> ${a}/top`,
    ],
    'directories above the image’s own files are real',
  )
})

void t.test('a file in one and a directory in the other', { skip: withoutNix }, async (t) => {
  const file = await treeOf('farm-file', ['share/x', 'top'])
  const directory = await treeOf('farm-directory', ['share/x/inner', 'top/inner'])
  t.strictSame(await farm([file, directory]), ['share/', `share/x -> ${file}/share/x`, `top -> ${file}/top`])
  t.strictSame(await farm([directory, file]), [
    'share/',
    'share/x/',
    `share/x/inner -> ${directory}/share/x/inner`,
    'top/',
    `top/inner -> ${directory}/top/inner`,
  ])
})

void t.test('links', { skip: withoutNix }, async (t) => {
  const target = await treeOf('farm-target', ['inner'])
  const linking = await treeOf('farm-linking', [
    'bin/real',
    'bin/relative -> real',
    'bin/absolute -> /etc/hostname',
    'lib/x',
    'lib64 -> lib',
    `store -> ${target}`,
    'nowhere -> /no/such/place',
    'loop -> .',
    'self -> self',
  ])
  t.strictSame(await farm([linking]), [
    'bin/',
    'bin/absolute -> /etc/hostname',
    `bin/real -> ${linking}/bin/real`,
    `bin/relative -> ${linking}/bin/relative`,
    'lib/',
    `lib/x -> ${linking}/lib/x`,
    'lib64/',
    `lib64/x -> ${linking}/lib64/x`,
    'loop/',
    ...['bin', 'lib', 'lib64', 'loop'].map((name) => `loop/${name} -> ${linking}/loop/${name}`),
    'loop/nowhere -> /no/such/place',
    `loop/self -> ${linking}/loop/self`,
    `loop/store -> ${target}`,
    'nowhere -> /no/such/place',
    `self -> ${linking}/self`,
    'store/',
    `store/inner -> ${linking}/store/inner`,
  ])
})

void t.test('files of the serving machine are not part of an image', { skip: withoutNix }, async (t) => {
  // Directories that every machine has, with other contents.
  const escaping = await treeOf('farm-escaping', [
    'etc -> /etc',
    'up -> ../../../../etc',
    'share/etc -> /etc',
  ])
  const other = await treeOf('farm-escaping-too', ['share/etc/mine', 'etc/mine'])
  t.strictSame(await farm([escaping]), ['etc -> /etc', 'share/', 'share/etc -> /etc', `up -> ${escaping}/up`])
  t.strictSame(await farm([escaping, other]), [
    'etc -> /etc',
    'share/',
    'share/etc -> /etc',
    `up -> ${escaping}/up`,
  ])
  const link = await makeStorePath('farm-link', (path) => symlink('/etc', path))
  await t.rejects(farm([link]), { name: 'RegistryError', kind: 'unservable' })
})

void t.test('contents that are no directory are refused, by name', { skip: withoutNix }, async (t) => {
  const file = await makeStorePath('farm-just-a-file', (path) => writeFile(path, 'x'))
  await t.rejects(farm([file]), {
    name: 'RegistryError',
    kind: 'unservable',
    message: `contents: ${file} is not a directory: use links to give a file a place`,
  })
})

void t.test('names that are no UTF-8 keep their bytes', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('farm-bytes', async (root) => {
    await mkdir(join(root, 'share'), { recursive: true })
    await writeFile(Buffer.concat([Buffer.from(`${root}/share/`), Buffer.from([0xff])]), 'x')
  })
  t.strictSame(await farm([path]), ['share/', `share/\u00ff -> ${path}/share/\u00ff`])
})
