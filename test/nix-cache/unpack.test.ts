import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { parseCompression, unpack } from '../../src/nix-cache/unpack.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const PLAIN = Buffer.from('0123456789abcdef'.repeat(100_000))
const xz = async (bytes: Uint8Array, ...args: string[]): Promise<Uint8Array> =>
  (await execa('xz', ['--stdout', ...args], { input: bytes, encoding: 'buffer' })).stdout

async function unpacked(t: Test, bytes: Uint8Array, compression: string, size: number): Promise<Buffer> {
  const path = join(await temporaryDirectory(t, 'unpack'), 'file')
  await writeFile(path, bytes)
  const file = await open(path)
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of unpack(file, parseCompression(compression), size))
      chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  } finally {
    await file.close()
  }
}

const PACKED: readonly (readonly [string, () => Promise<Uint8Array> | Uint8Array])[] = [
  ['none', () => PLAIN],
  ['xz', () => xz(PLAIN)],
  ['zstd', () => zstdCompressSync(PLAIN)],
  ['gzip', () => gzipSync(PLAIN)],
  ['br', () => brotliCompressSync(PLAIN)],
]

void t.test('every compression that is taken', { skip: missing('xz') }, async (t) => {
  for (const [compression, pack] of PACKED) {
    const packed = await pack()
    t.ok((await unpacked(t, packed, compression, PLAIN.length)).equals(PLAIN), compression)
    for (const [what, bytes, size, message] of [
      ['cut off', packed.subarray(0, packed.length >> 1), PLAIN.length, /cut off|unpacks to/],
      ['nothing', Buffer.alloc(0), PLAIN.length, /cut off|unpacks to 0/],
      ['less than was said', packed, PLAIN.length + 1, /unpacks to 1600000 bytes, not to 1600001/],
      ['more than was said', packed, PLAIN.length - 1, /more than its 1599999 bytes/],
    ] as const)
      await t.rejects(
        unpacked(t, bytes, compression, size),
        { kind: 'malformed', message },
        `${compression}: ${what}`,
      )
    if (compression !== 'none') {
      const garbage = Buffer.from(packed.map((byte, i) => (i < 8 ? 0x55 : byte)))
      await t.rejects(unpacked(t, garbage, compression, PLAIN.length), { kind: 'malformed', message: /./ })
    }
  }
})

void t.test('xz as its tools make it', { skip: missing('xz') }, async (t) => {
  for (const args of [['-9'], ['-0'], ['--check=crc32'], ['--check=none'], ['-T2', '--block-size=256KiB']])
    t.ok((await unpacked(t, await xz(PLAIN, ...args), 'xz', PLAIN.length)).equals(PLAIN), args.join(' '))
  await t.rejects(
    unpacked(t, await xz(PLAIN, '--lzma2=dict=512MiB'), 'xz', PLAIN.length),
    { kind: 'malformed', message: /not xz/ },
    'but none that needs half a gigabyte to unpack',
  )
})

void t.test(
  'one after the other that is broken off doesn’t stop the next',
  { timeout: 20_000, skip: missing('xz') },
  async (t) => {
    const packed = await xz(PLAIN)
    for (let round = 0; round < 20; round++)
      await t.rejects(unpacked(t, packed, 'xz', 10_000), { kind: 'malformed', message: /more than/ })
    const all = Array.from({ length: 5 }, () => unpacked(t, packed, 'xz', PLAIN.length))
    for (const bytes of await Promise.all(all)) t.ok(bytes.equals(PLAIN))
  },
)

void t.test('other compressions are named', async (t) => {
  for (const compression of ['bzip2', 'lzip', 'lz4', 'toString', ''])
    t.throws(() => parseCompression(compression), { kind: 'refused', message: /compression=xz/ })
})
