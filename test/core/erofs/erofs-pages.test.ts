/** EROFS, format 1: its bytes are the identity of layers, so digests are pinned; the limits; and where contents lie. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { asByteString } from '../../../src/core/byte-string.ts'
import { crc32c } from '../../../src/core/erofs/crc32c.ts'
import { layOut } from '../../../src/core/erofs/erofs-layout.ts'
import { erofsTree } from '../../../src/core/erofs/erofs-pages.ts'
import type { LayerEntry } from '../../../src/core/tar/segment.ts'
import { directory, erofsBytes, erofsSegments, file, link } from './erofs-bytes.ts'

const BLOCK = 4096
const MAGIC = 0xe0f5e1e2
const many = (count: number): LayerEntry[] =>
  Array.from({ length: count }, (_, i) => file(`many/${String(i).padStart(6, '0')}`, ''))

const uuid = async (...entries: LayerEntry[]) =>
  (await erofsBytes(entries)).toString('hex', 1024 + 48, 1024 + 64)

const IMAGES: readonly (readonly [what: string, entries: readonly LayerEntry[], digest: string])[] = [
  ['nothing', [], 'ddac464e31712de2cd246e078303140d'],
  [
    'a store path',
    [directory('nix'), directory('nix/store'), file('nix/store/a', 'hello\n', 0o555)],
    'a4e5e25612577f14bc0e02360d1693ee',
  ],
  ['a link', [link('bin', 'usr/bin')], 'd8650592a0a701a39c08fc7016dbd547'],
  [
    'files around the size of a block',
    [4063, 4064, 4065, 4096, 4097].map((size) => file(`f${size}`, 'x'.repeat(size))),
    'c03612d67257506e564873b1a7ca5ebc',
  ],
  [
    'an owner, a time and a mode',
    [{ ...file('a', 'a', 0o4755), attributes: { uid: 70_000, gid: 7, mtime: 1e10 } }],
    '62d06d7a982837f8e5abd0e04663dd63',
  ],
  ['a directory of several blocks', [directory('many'), ...many(1000)], '34e4f73af2eb6928b9025f63a28770b1'],
]

void t.test('the bytes of format 1 stay the same', async (t) => {
  for (const [what, entries, digest] of IMAGES) {
    const bytes = await erofsBytes(entries)
    t.equal(bytes.length % BLOCK, 0, `${what}: whole blocks`)
    t.equal(bytes.readUInt32LE(1024), MAGIC)
    t.equal(createHash('sha256').update(bytes).digest('hex').slice(0, 32), digest, what)
  }
})

void t.test('the order of entries is no matter, and of two with one name the last counts', async (t) => {
  const entries = [directory('b'), file('b/x', '1'), file('a', '2')]
  const bytes = await erofsBytes(entries)
  t.ok(
    (await erofsBytes([file('a', '2'), file('b/x', '1')])).equals(bytes),
    'a directory without an entry is made',
  )
  t.ok((await erofsBytes([directory('b', 0o700), ...entries])).length === bytes.length)
  const replaced = await erofsBytes([file('a', 'old'), file('b/x', '1'), file('a', '2')])
  t.equal(replaced.readUInt32LE(1024 + 16), 4, 'inodes')
})

void t.test('names of 255 bytes are taken, longer ones refused', async (t) => {
  await erofsBytes([file('n'.repeat(255), '')])
  await t.rejects(erofsBytes([file(`d/${'n'.repeat(256)}`, '')]), {
    name: 'RegistryError',
    kind: 'unservable',
    message: /a name of 256 bytes/,
  })
})

void t.test('targets of 4095 bytes are taken, longer ones refused', async (t) => {
  await erofsBytes([link('l', 't'.repeat(4095))])
  await t.rejects(erofsBytes([link('d/l', 't'.repeat(4096))]), {
    kind: 'unservable',
    message: /^\/d\/l: a link to a path of 4096 bytes/,
  })
})

void t.test('a layer of more than 2^32 blocks is refused', async (t) => {
  const large: LayerEntry = { kind: 'file', name: asByteString('large'), mode: 0o444, size: 2 ** 44 }
  const tree = await erofsTree([large], async () => undefined)
  t.throws(() => layOut(tree), { name: 'RegistryError', kind: 'unservable', message: /blocks/ })
})

void t.test(
  'contents of the store are segments: small ones behind the inode, others from a block on',
  async (t) => {
    const sizes = [0, 1, 100, 4064, 4065, 9000]
    const entries = sizes.map((size): LayerEntry => ({
      kind: 'file',
      name: asByteString(`f${size}`),
      mode: 0o444,
      size,
    }))
    let at = 0
    const found: (readonly [string, number, boolean])[] = []
    for (const segment of await erofsSegments(entries)) {
      if (segment.kind === 'file') found.push([segment.path, segment.length, at % BLOCK === 0])
      at += segment.kind === 'file' ? segment.length : segment.bytes.length
    }
    t.same(found, [
      ['/f1', 1, false],
      ['/f100', 100, false],
      ['/f4064', 4064, true],
      ['/f4065', 4065, true],
      ['/f9000', 9000, true],
    ])
  },
)

void t.test('layers with other files have other UUIDs', async (t) => {
  const seen = new Set([
    await uuid(),
    await uuid(file('a', '')),
    await uuid(file('a', '1')),
    await uuid(directory('a')),
  ])
  t.equal(seen.size, 4)
})

void t.test('the checksum is that of RFC 3720, not inverted', (t) => {
  t.equal((crc32c(new Uint8Array(32)) ^ 0xffffffff) >>> 0, 0x8a9136aa)
  t.end()
})
