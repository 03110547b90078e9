/** Every compression as its own tool writes it, also several streams in one file, in chunks of every size. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { brotliCompressSync } from 'node:zlib'
import { execa } from 'execa'
import t from 'tap'
import { decompressStream, type StreamCompression } from '../../src/unpack/decompress-stream.ts'
import { missing } from '../support/requirement.ts'

const CONTENT = Buffer.concat([
  randomBytes(100_000),
  Buffer.alloc(1_000_000, 'abc defg'),
  randomBytes(50_000),
])

type Tool = 'zstd' | 'xz' | 'gzip' | 'bzip2' | 'lz4'
const TOOLS: readonly (readonly [StreamCompression, Tool, readonly string[]])[] = [
  ['zstd', 'zstd', ['-1']],
  ['zstd', 'zstd', ['-1', '--no-check', '--no-content-size']],
  ['xz', 'xz', ['-0']],
  ['xz', 'xz', ['-0', '--block-size=65536']],
  ['gzip', 'gzip', ['-1']],
  ['bzip2', 'bzip2', ['-1']],
  ['lz4', 'lz4', []],
  ['lz4', 'lz4', ['-BD', '-B4']],
  ['lz4', 'lz4', ['-9', '-BX', '-B7', '--content-size']],
]

for (const [compression, tool, args] of TOOLS) {
  const name = [tool, ...args].join(' ')
  void t.test(name, { skip: missing(tool) }, async (t) => {
    const one = await packed(tool, args, CONTENT)
    const whole = Buffer.concat([one, await packed(tool, args, Buffer.alloc(0)), one])
    for (const size of [997, 65_536, one.length, whole.length]) {
      const found = await collect(compression, whole, size)
      t.ok(found.equals(Buffer.concat([CONTENT, CONTENT])), `two streams in chunks of ${size}`)
    }
    await t.rejects(collect(compression, one.subarray(0, -20), 65_536), 'one that is cut off')
    await t.rejects(collect(compression, Buffer.alloc(100, 'not that'), 100), 'something else')
  })
}

void t.test('brotli', async (t) => {
  const whole = brotliCompressSync(CONTENT)
  t.ok((await collect('br', whole, 997)).equals(CONTENT))
  await t.rejects(collect('br', whole.subarray(0, -20), 65_536))
})

void t.test('lz4: a frame that is to be skipped, and frames that are damaged', async (t) => {
  const skipped = hex('5a2a4d18 02000000 ffff')
  // Independent blocks of 64 kB without checksums: "ab", then six bytes that repeat it.
  const frame = hex('04224d18 6040 00 06000000 22 6162 0200 00 00000000')
  t.equal((await collect('lz4', Buffer.concat([skipped, frame, skipped]), 3)).toString(), 'abababab')
  for (const [name, text] of [
    ['a match before the beginning', '04224d18 6040 00 06000000 22 6162 0300 00 00000000'],
    ['a match of distance 0', '04224d18 6040 00 06000000 22 6162 0000 00 00000000'],
    ['literals behind the end', '04224d18 6040 00 03000000 f0 ff00 00000000'],
    ['a block that is larger than its frame allows', '04224d18 6040 00 01000100 00'],
    ['another version', '04224d18 2040 00 00000000'],
    ['a dictionary', '04224d18 6140 00000000 00 00000000'],
  ] as const)
    await t.rejects(collect('lz4', hex(text), 100), /lz4: /, name)
})

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

async function packed(tool: Tool, args: readonly string[], input: Buffer): Promise<Buffer> {
  return Buffer.from((await execa(tool, ['-c', ...args], { input, encoding: 'buffer' })).stdout)
}

async function collect(compression: StreamCompression, bytes: Buffer, size: number): Promise<Buffer> {
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const found: Uint8Array[] = []
  const source = Readable.from(chunks(), { objectMode: false })
  for await (const chunk of decompressStream(source, compression)) found.push(Buffer.from(chunk))
  return Buffer.concat(found)
}
