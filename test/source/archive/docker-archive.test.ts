/** Docker archives, sound ones of every form and broken ones of every kind. All are made by GNU tar, gzip and zstd. */
import { copyFile, writeFile } from 'node:fs/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import { execa } from 'execa'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import type { Source } from '../../../src/source/source.ts'
import { UnpackCache } from '../../../src/unpack/unpack-cache.ts'
import {
  archiveFiles,
  bytesAt,
  imageConfig,
  layerTar,
  readArchive as read,
  sha256Hex,
  sizeOf,
  storedLayers,
  writeArchive,
} from '../../support/docker-archive.ts'
import { temporaryDirectory } from '../../support/scope.ts'

const configText = (source: Source | undefined) =>
  source?.config.kind === 'given' ? Buffer.from(source.config.bytes).toString() : undefined

void t.test('an archive\u2019s layers are slices of it, its config the bytes that it has', async (t) => {
  const layers = [await layerTar(t, 'one'), await layerTar(t, 'two')]
  const files = archiveFiles(layers)
  for (const args of [[], ['--format=pax'], ['--format=v7'], ['--format=gnu'], ['--transform=s,^,./,']]) {
    const path = await writeArchive(t, files, { args })
    const source = await read(path)
    t.equal(source?.format, 'docker archive', args.join())
    t.equal(
      configText(source),
      String(Object.entries(files).find(([name]) => /^[0-9a-f]+\.json$/.test(name))?.[1]),
    )
    t.strictSame(source?.tags, ['v1'])
    const found = storedLayers(source)
    t.equal(found.length, 2)
    for (const [i, { place, digest, mediaType }] of found.entries()) {
      t.equal(place.file, path)
      t.ok(layers[i]?.equals(await bytesAt(path, place.offset, place.length)), `layer ${i}, ${args.join()}`)
      t.strictSame([digest, mediaType], [undefined, undefined])
    }
  }
})

void t.test('manifest.json may come first, and layers may be links to others', async (t) => {
  const layer = await layerTar(t, 'one')
  const other = await layerTar(t, 'two')
  const long = `${'long'.repeat(40)}.tar`
  const config = imageConfig([layer, other, layer].map((bytes) => `sha256:${sha256Hex(bytes)}`))
  const id = 'a'.repeat(64)
  const Layers = [`${id}/layer.tar`, `./${long}`, 'hard.tar']
  const files = {
    'manifest.json': Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers }])),
    'config.json': config,
    [`${id}/layer.tar`]: { link: `../${'b'.repeat(64)}/layer.tar` },
    [`${id}/VERSION`]: Buffer.from('1.0'),
    [`${'b'.repeat(64)}/layer.tar`]: { link: '../first.tar' },
    'first.tar': layer,
    [long]: other,
    repositories: Buffer.from('{}'),
  }
  for (const format of ['gnu', 'pax', 'posix']) {
    const path = await writeArchive(t, files, { args: [`--format=${format}`] })
    await execa(
      'sh',
      [
        '-c',
        'cd tree && ln first.tar hard.tar && tar --format="$0" -rf ../archive first.tar hard.tar',
        format,
      ],
      {
        cwd: path.replace(/archive$/, ''),
      },
    )
    const source = await read(path)
    t.strictSame(source?.tags, [])
    const read3 = await Promise.all(
      storedLayers(source).map(({ place }) => bytesAt(path, place.offset, place.length)),
    )
    t.strictSame(read3.map(sha256Hex), [layer, other, layer].map(sha256Hex), format)
  }
})

void t.test('several images in one archive', async (t) => {
  const [one, two] = [await layerTar(t, 'one'), await layerTar(t, 'two')]
  const configs = {
    'one.json': imageConfig([`sha256:${sha256Hex(one)}`]),
    'two.json': imageConfig([`sha256:${sha256Hex(two)}`]),
  }
  const manifest = [
    { Config: 'one.json', RepoTags: ['host:5000/app:v1', 'app', 'app:bad tag'], Layers: ['one.tar'] },
    { Config: 'two.json', RepoTags: ['other:v1', 'other:v2'], Layers: ['two.tar'] },
  ]
  const path = await writeArchive(t, {
    'one.tar': one,
    'two.tar': two,
    ...configs,
    'manifest.json': Buffer.from(JSON.stringify(manifest)),
  })
  t.strictSame((await read(path))?.tags, ['v1', 'v2'], 'tag parts, each once, and only what is a tag')
  t.equal(configText(await read(path)), String(configs['one.json']), 'the first where none is said')
  t.equal(
    configText(await read(path, 'v1')),
    String(configs['one.json']),
    'the first of two with the same tag',
  )
  t.equal(configText(await read(path, 'v2')), String(configs['two.json']))
  await t.rejects(read(path, 'v3'), {
    name: 'RegistryError',
    kind: 'manifest-unknown',
    detail: { tag: 'v3', tags: ['v1', 'v2'] },
  })
  await t.rejects(read(path, 'app:v1'), { name: 'RegistryError', kind: 'manifest-unknown' })
})

void t.test(
  'compressed layers pass through, plain ones from docker 25 on have their digest as name',
  async (t) => {
    const tar = await layerTar(t, 'one')
    const diffId = `sha256:${sha256Hex(tar)}`
    const rows = [
      [gzipSync(tar), 'application/vnd.oci.image.layer.v1.tar+gzip'],
      [zstdCompressSync(tar), 'application/vnd.oci.image.layer.v1.tar+zstd'],
      [tar, undefined],
    ] as const
    for (const [blob, mediaType] of rows) {
      const name = `blobs/sha256/${sha256Hex(blob)}`
      const config = imageConfig([diffId])
      const LayerSources = { [diffId]: { mediaType: 'x', size: blob.length, digest: diffId } }
      const path = await writeArchive(t, {
        [name]: blob,
        'blobs/sha256/config': config,
        'index.json': Buffer.from('{}'),
        'manifest.json': Buffer.from(
          JSON.stringify([
            { Config: 'blobs/sha256/config', RepoTags: ['a:b'], Layers: [name], LayerSources },
          ]),
        ),
        'oci-layout': Buffer.from('{"imageLayoutVersion": "1.0.0"}'),
      })
      const [layer] = storedLayers(await read(path))
      t.match(layer, { digest: `sha256:${sha256Hex(blob)}`, place: { length: blob.length } })
      t.strictSame([layer?.mediaType, layer?.diffId], [mediaType, diffId])
    }
  },
)

void t.test('other files are not reported as broken archives', async (t) => {
  const text = Buffer.from('text')
  const source = await writeArchive(t, {
    'app-1.0/configure': text,
    'app-1.0/manifest.json': Buffer.from('[]'),
  })
  const flat = await writeArchive(t, { './README': text, './src/main.c': text })
  const files = await writeArchive(t, { README: text, LICENSE: text })
  const layout = await writeArchive(t, { 'blobs/sha256/a': text, 'index.json': text, 'oci-layout': text })
  const noTar = await writeArchive(t, { a: text })
  await writeFile(noTar, 'not a tar at all'.repeat(1000))
  for (const path of [source, flat, files, layout, noTar]) {
    t.equal(await read(path), undefined)
    await execa('gzip', ['-n', path])
    let narHash = 0
    let unpacked = 0
    const archives = {
      demandTrusted: async () => undefined,
      cache: {
        use: async () => (
          (unpacked += 1),
          { path: files, size: await sizeOf(path), release: () => undefined }
        ),
      },
      narHash: async () => String(narHash++),
      notes: { note: () => undefined, putNote: () => undefined },
    }
    const found = await read(`${path}.gz`, undefined, archives).catch((error: unknown) => error)
    if (path === files || path === layout) t.ok(unpacked <= 1, 'may be one')
    else t.equal(unpacked, 0, 'and not unpacked')
    if (path !== layout && path !== files) t.equal(found, undefined)
  }
  const none = await writeArchive(t, { a: text })
  for (const bytes of ['', '\u001f\u008b\u0008', '(\u00b5/\u00fd', 'x'.repeat(600)]) {
    await writeFile(none, Buffer.from(bytes, 'latin1'))
    t.equal(await read(none), undefined, JSON.stringify(bytes.slice(0, 4)))
  }
})

void t.test('a compressed archive is unpacked once, and noted', async (t) => {
  const layers = [await layerTar(t, 'one'), gzipSync(await layerTar(t, 'two'))]
  const diffIds = [`sha256:${sha256Hex(layers[0] ?? Buffer.alloc(0))}`, `sha256:${'1'.repeat(64)}`]
  const plain = await writeArchive(t, archiveFiles(layers, { config: imageConfig(diffIds) }))
  const directory = await temporaryDirectory(t, 'unpacked')
  const cache = new UnpackCache(directory, 1e9, SYSTEM_STORE)
  t.teardown(() => cache.close())
  const notes = new Map<string, string>()
  for (const tool of ['gzip', 'zstd']) {
    const path = `${plain}.${tool}`
    await copyFile(plain, path)
    await execa('sh', ['-c', `${tool} -c "$0" > "$0.x"`, path])
    const archives = {
      demandTrusted: async () => undefined,
      cache,
      narHash: async () => `sha256:${tool}`,
      notes: {
        note: (key: string) => notes.get(key),
        putNote: (key: string, text: string) => notes.set(key, text),
      },
    }
    const first = await read(`${path}.x`, undefined, archives)
    const expected = storedLayers(await read(plain))
    t.strictSame(
      storedLayers(first).map(({ place: { offset, length }, diffId, mediaType }) => [
        offset,
        length,
        diffId,
        mediaType,
      ]),
      expected.map(({ place: { offset, length }, diffId, mediaType }) => [offset, length, diffId, mediaType]),
    )
    for (const { place } of storedLayers(first))
      t.strictSame(place.packed, { path: `${path}.x`, compression: tool, narHash: `sha256:${tool}` })
    const broken = { ...archives, cache: { use: () => Promise.reject(new Error('unpacked again')) } }
    t.strictSame(await read(`${path}.x`, undefined, broken), first, 'from the note')
    const denied = new RegistryError('denied', 'not signed')
    let asked: string[] = []
    const untrusted = {
      ...broken,
      demandTrusted: async (archive: string) => {
        asked = [...asked, archive]
        throw denied
      },
      narHash: () => Promise.reject(new Error('looked at')),
    }
    await t.rejects(read(`${path}.x`, undefined, untrusted), denied, 'not unpacked for whom nobody trusts')
    t.strictSame(asked, [`${path}.x`])
    await t.rejects(read(`${path}.x`), {
      kind: 'unservable',
      message: /no place to unpack/,
    })
  }
})
