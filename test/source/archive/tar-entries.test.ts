/** Entries of tar files found by position, in every format and in archives as large as they come. */
import { open, readFile, rm } from 'node:fs/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { tarEntries } from '../../../src/source/archive/tar-entries.ts'
import {
  headerFor,
  imageConfig,
  readArchive as read,
  storedLayers,
  writeArchive,
} from '../../support/docker-archive.ts'

void t.test('a layer of more than 8 GiB, and what comes behind it, found at once', async (t) => {
  const size = 9 * 1024 ** 3
  for (const format of ['gnu', 'pax'] as const) {
    const config = imageConfig([`sha256:${'0'.repeat(64)}`])
    const rest = await writeArchive(t, {
      'config.json': config,
      'manifest.json': Buffer.from(
        JSON.stringify([{ Config: 'config.json', RepoTags: [], Layers: ['big.tar'] }]),
      ),
    })
    const header = await headerFor(t, 'big.tar', size, format)
    const file = await open(rest, 'r+')
    const tail = await readFile(rest)
    await file.truncate(0)
    await file.write(header, 0, header.length, 0)
    // Nothing but a hole where the layer is.
    await file.write(tail, 0, tail.length, header.length + size)
    await file.close()
    const before = process.cpuUsage()
    const [layer] = storedLayers(await read(rest))
    t.match(layer?.place, { offset: header.length, length: size }, format)
    t.ok(process.cpuUsage(before).user < 1e6, 'its contents are stepped over')
    await rm(rest)
  }
})

void t.test('names, targets, contents and their compression, in each format', async (t) => {
  const deep = `${'directory/'.repeat(9)}file`
  const long = `${'long'.repeat(50)}.json`
  const contents: Readonly<Record<string, Uint8Array>> = {
    plain: Buffer.from('plain'),
    [deep]: Buffer.alloc(512, 'x'),
    gzipped: gzipSync(Buffer.from('text')),
    zstd: zstdCompressSync(Buffer.from('text')),
    '\u00fcml\u00e4ut': Buffer.from('name'),
    // Not even as long as what tells a compression, and followed by a header.
    short: Buffer.from([0x1f, 0x8b]),
    empty: Buffer.alloc(0),
  }
  for (const format of ['ustar', 'pax', 'gnu', 'v7']) {
    const more = format === 'pax' || format === 'gnu' ? { [long]: Buffer.from('long') } : {}
    const files = { ...contents, ...more }
    const link = { link: format === 'pax' || format === 'gnu' ? long : 'plain' }
    const path = await writeArchive(
      t,
      { ...files, link },
      { args: [`--format=${format}`, '--transform=s,^,./,S'] },
    )
    const tar = await readFile(path)
    const found = await Array.fromAsync(
      tarEntries(async (at, length) => tar.subarray(at, at + length), tar.length, path),
    )
    t.strictSame(
      found.map(({ name, kind, offset, size }) => [
        name,
        kind,
        tar.subarray(offset, offset + size).toString('hex'),
      ]),
      [
        ...Object.entries(files).map(([name, bytes]) => [name, 'file', Buffer.from(bytes).toString('hex')]),
        ['link', 'symlink', ''],
      ],
      format,
    )
    t.equal(found.at(-1)?.target, link.link, format)
    t.strictSame(
      found.flatMap(({ name, compression }) => (compression === undefined ? [] : [[name, compression]])),
      [
        ['gzipped', 'gzip'],
        ['zstd', 'zstd'],
      ],
    )
  }
})
