/** Layouts in tars: compressed ones, ones that break off, and tars that are none. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import { execa } from 'execa'
import type { Root } from '../../src/source/detect.ts'
import { readRoot } from '../support/read-image.ts'
import type { StoredLayer } from '../../src/source/source.ts'
import { UnpackCache } from '../../src/unpack/unpack-cache.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { LayoutBuilder, of, tagged } from '../support/layout-builder.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { digestOf, simple } from './unit-layout.ts'

void t.test('a compressed tar is the same as the plain one', { skip: withoutNix }, async (t) => {
  const directory = await temporaryDirectory(t, 'compressed')
  const builder = new LayoutBuilder(join(directory, 'layout'))
  const [amd64, arm64] = [await simple(builder, 'one'), await simple(builder, 'two')]
  await builder.finish([
    tagged('both', await builder.index([of('amd64', amd64), of('arm64', arm64)])),
    tagged('one', amd64),
  ])
  const tar = join(directory, 'layout.tar')
  await execa('tar', ['-cf', tar, '-C', builder.directory, '.'])
  const plain = await makeStorePath('unit-layout.tar', (file) => copyFile(tar, file))
  const cache = new UnpackCache(join(directory, 'unpacked'), 1e9, SYSTEM_STORE)
  t.teardown(() => cache.close())
  const notes = new Map<string, string>()
  for (const [name, compress] of [
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const) {
    const packed = await makeStorePath(`unit-layout.tar.${name}`, async (file) =>
      writeFile(file, compress(await readFile(tar))),
    )
    const archives = {
      demandTrusted: async () => undefined,
      cache,
      narHash: async () => name,
      notes: {
        note: (key: string) => notes.get(key),
        putNote: (key: string, text: string) => void notes.set(key, text),
      },
    }
    const again = { ...archives, cache: { use: () => Promise.reject(new Error('unpacked again')) } }
    for (const tag of ['both', 'one']) {
      const expected = await readRoot(plain, { tag })
      const found = await readRoot(packed, { tag, archives })
      t.equal(digestOf(found), digestOf(expected), `${name}, ${tag}`)
      const layers = await layersOf(found)
      t.strictSame(
        layers,
        (await layersOf(expected)).map(({ place, ...layer }) => ({
          ...layer,
          place: {
            ...place,
            file: packed,
            packed: { path: packed, compression: name === 'gz' ? 'gzip' : 'zstd', narHash: name },
          },
        })),
        `${name}, ${tag}: slices of what it unpacks to`,
      )
      t.strictSame(
        await layersOf(await readRoot(packed, { tag, archives: again })),
        layers,
        'with nothing unpacked once its documents are noted',
      )
    }
    await t.rejects(readRoot(packed), { kind: 'unservable', message: /no place to unpack/ })
  }
})

async function layersOf(root: Root): Promise<readonly StoredLayer[]> {
  const sources =
    root.kind === 'image'
      ? [root]
      : root.kind === 'index'
        ? await Promise.all(root.images.map(({ read }) => read()))
        : []
  return sources.flatMap(({ layers }) => layers.flatMap((layer) => (layer.kind === 'stored' ? [layer] : [])))
}

void t.test('a tar that breaks off', { skip: withoutNix }, async (t) => {
  const tar = await makeStorePath('unit-cut.tar', async (file) => {
    const builder = new LayoutBuilder(`${file}-content`)
    await builder.finish([await simple(builder)])
    await execa('tar', ['-cf', file, '-C', builder.directory, '.'])
    await writeFile(file, (await readFile(file)).subarray(0, 3000))
    await rm(builder.directory, { recursive: true })
  })
  await t.rejects(readRoot(tar), {
    name: 'RegistryError',
    kind: 'unservable',
    message: new RegExp(`${tar}: (?:breaks off|a truncated tar)`),
  })
})

void t.test('other tars and directories are no layouts', { skip: withoutNix }, async (t) => {
  const tar = await makeStorePath('unit-other.tar', async (file) =>
    execa('tar', ['-cf', file, '-C', '/', 'etc/hostname']),
  )
  const empty = await makeStorePath('unit-empty', async (file) => writeFile(file, ''))
  const zeros = await makeStorePath('unit-zeros', async (file) => writeFile(file, Buffer.alloc(10_240)))
  for (const path of [tar, empty, zeros])
    await t.rejects(readRoot(path), { name: 'RegistryError', kind: 'denied' })
})
