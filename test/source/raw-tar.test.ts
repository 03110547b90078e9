/** Tars that no tool writes, as each of the two kinds of image that may be one: refused with a reason, or harmless. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { readRoot } from '../support/read-image.ts'
import { archiveFiles } from '../support/docker-archive.ts'
import { LayoutBuilder } from '../support/layout-builder.ts'
import { binarySize, paxEntry, rawTar, type RawEntry } from '../support/raw-tar.ts'
import { temporaryDirectory } from '../support/scope.ts'

const x = Buffer.from('x')
const TRUNCATED = /truncated tar|breaks off/

type Row = readonly [
  what: string,
  /** What becomes of a sound archive, of which `blob` is the first entry. */
  change: (sound: readonly RawEntry[], blob: RawEntry) => readonly RawEntry[] | Buffer,
  /** Nothing where it is harmless. */
  says: RegExp | undefined,
]
const ROWS: readonly Row[] = [
  ['nothing', (sound) => sound, undefined],
  ['cut within a header', (sound) => rawTar(sound).subarray(0, 512 + 1024 + 1024 + 100), TRUNCATED],
  ['cut within a content', (sound) => rawTar(sound).subarray(0, 512 + 600), TRUNCATED],
  [
    'an absolute name',
    (sound) => [...sound, { name: '/etc/passwd', content: x }],
    /leads out of the archive/,
  ],
  [
    'a name that goes up',
    (sound) => [...sound, { name: 'a/../../b', content: x }],
    /leads out of the archive/,
  ],
  [
    'an absolute name in a pax header',
    (sound) => [...sound, paxEntry({ path: '/etc/passwd' }), { name: 'x', content: x }],
    /leads out of the archive/,
  ],
  [
    'a name with NUL',
    (sound) => [...sound, paxEntry({ path: 'a\0b' }), { name: 'x', content: x }],
    /leads out of the archive/,
  ],
  ['a name of several lines', (sound) => [...sound, { name: 'a\nb', content: x }], undefined],
  ['a blob twice, the same', (sound, blob) => [...sound, blob], undefined],
  ['a blob twice, another', (sound, { name }) => [...sound, { name, content: x }], /twice|said to have/],
  ['a blob that is a symbolic link', (sound, blob) => linked('2', sound, blob), /not in the archive|missing/],
  ['a blob that is a hard link', (sound, blob) => linked('1', sound, blob), /not in the archive|missing/],
  [
    'a blob that is a device',
    (sound, { name }) => [{ name, type: '3' }, ...sound.slice(1)],
    /no file|missing/,
  ],
  ['a blob that is a pipe', (sound, { name }) => [{ name, type: '6' }, ...sound.slice(1)], /no file|missing/],
  [
    'a blob that is a directory',
    (sound, { name }) => [{ name, type: '5' }, ...sound.slice(1)],
    /no file|missing/,
  ],
  ['a device beside', (sound) => [...sound, { name: 'null', type: '3' }], undefined],
  ['a deletion beside', (sound) => [...sound, { name: '.wh.x' }], undefined],
  [
    'a size beyond the end',
    (sound, blob) => [...sound, { ...blob, name: 'y', size: '77777777777\0' }],
    TRUNCATED,
  ],
  [
    'a size below nothing',
    (sound, blob) => [{ ...blob, size: binarySize(0xff, 0xff) }, ...sound.slice(1)],
    /size that is not a number|not a tar header|breaks off/,
  ],
  [
    'a size beyond numbers',
    (sound, blob) => [{ ...blob, size: binarySize(0x80, 0x7f) }, ...sound.slice(1)],
    /size that is not a number|not a tar header|breaks off/,
  ],
  [
    'a size of letters',
    (sound, blob) => [{ ...blob, size: 'abcdefghijk\0' }, ...sound.slice(1)],
    /size that is not a number|not a tar|breaks off/,
  ],
  ...['-1', '1e9', '99999999999999999999', 'NaN', ' ', '0x10'].map((size): Row => [
    `a size in a pax header: ${JSON.stringify(size)}`,
    (sound) => [paxEntry({ size }), ...sound],
    /damaged pax header|truncated tar|breaks off|not a tar/,
  ]),
  [
    'a pax header of a megabyte',
    (sound) => [paxEntry({ comment: 'x'.repeat(1 << 20) }), ...sound],
    /bytes about an entry|too long/,
  ],
  [
    'a long name of a megabyte',
    (sound) => [{ name: 'l', type: 'L', content: Buffer.alloc(1 << 20, 'n') }, ...sound],
    /bytes about an entry|too long/,
  ],
  [
    'a pax header that says more than it has',
    (sound) => [{ name: 'p', type: 'x', content: Buffer.from('999999999 path=x\n') }, ...sound],
    /damaged pax header/,
  ],
  [
    'a prototype in a pax header',
    (sound) => [paxEntry({ __proto__: 'x', 'constructor.size': '5' }), ...sound],
    undefined,
  ],
  [
    'more entries than any image has',
    (sound) => [...Array.from({ length: 25_000 }, () => ({ name: 'x' })), ...sound],
    /entries/,
  ],
]

void t.test('a docker archive', async (t) => {
  const content = rawTar([{ name: 'file', content: x }])
  const files = archiveFiles([content])
  await refuses(
    t,
    Object.entries(files).map(([name, content]) => ({ name, content })),
  )
})

void t.test('an OCI layout', async (t) => {
  const builder = new LayoutBuilder(await temporaryDirectory(t, 'layout'))
  const layer = await builder.layer('file', 'x')
  await builder.finish([await builder.image('amd64', [layer])])
  const first = `blobs/sha256/${layer.digest.slice(7)}`
  const names = (await readdir(builder.blobs)).map((hex) => `blobs/sha256/${hex}`)
  const entries: RawEntry[] = []
  for (const name of [first, ...names.filter((other) => other !== first), 'index.json', 'oci-layout'])
    entries.push({ name, content: await readFile(join(builder.directory, name)) })
  await refuses(t, entries)
})

async function refuses(t: Test, sound: readonly RawEntry[]): Promise<void> {
  const [blob = { name: '' }] = sound
  const path = join(await temporaryDirectory(t, 'raw-tar'), 'image.tar')
  for (const [what, change, says] of ROWS) {
    const changed = change(sound, blob)
    await writeFile(path, Buffer.isBuffer(changed) ? changed : rawTar(changed))
    const found: unknown = await readRoot(path as StorePath).catch((error: unknown) => error)
    if (says === undefined) t.notOk(found instanceof Error, `${what}: ${String(found)}`)
    else {
      t.match(found, { name: 'RegistryError', kind: 'unservable', message: says }, what)
      t.match(found, { message: path }, `${what}: says which path`)
      t.notMatch(found, { message: /\p{Cc}/u }, `${what}: in one line`)
    }
  }
}

function linked(type: string, sound: readonly RawEntry[], { name }: RawEntry): readonly RawEntry[] {
  return [{ name, type, target: '/etc/passwd' }, ...sound.slice(1)]
}
