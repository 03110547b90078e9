/** Files of the real gzip and zstd, whole, joined, padded, cut and damaged, against what went into them. */
import { createHash, randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { execa } from 'execa'
import { RegistryError } from '../../src/core/errors/errors.ts'
import { compressionOf, decompressed } from '../../src/unpack/compression.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const SIZE = 3_000_000
const bytes = randomBytes(SIZE)
const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])

void t.test('contents of a file, or its fault', { skip: missing('gzip', 'zstd') }, async (t) => {
  const directory = await temporaryDirectory(t, 'compression')
  const packed = async (...command: readonly [string, ...string[]]) => {
    const [tool, ...args] = command
    return Buffer.from((await execa(tool, args, { input: bytes, encoding: 'buffer' })).stdout)
  }
  const gzip = await packed('gzip', '-n', '-1')
  const zstd = await packed('zstd', '-q', '-1')
  const checked = await packed('zstd', '-q', '-1', '--check', '-T2')
  const long = await packed('zstd', '-q', '--ultra', '-22')
  const nothing = Buffer.from((await execa('zstd', ['-q'], { input: '', encoding: 'buffer' })).stdout)
  const rows: [name: string, file: Buffer, expected: readonly Buffer[] | RegExp][] = [
    ['gzip', gzip, [bytes]],
    ['gzip, two members', Buffer.concat([gzip, gzip]), [bytes, bytes]],
    ['gzip, padded with zeros', Buffer.concat([gzip, Buffer.alloc(1000)]), [bytes]],
    ['zstd', zstd, [bytes]],
    ['zstd with a checksum, by threads', checked, [bytes]],
    ['zstd, the largest window', long, [bytes]],
    ['zstd, three frames', Buffer.concat([zstd, checked, zstd]), [bytes, bytes, bytes]],
    ['zstd, as pzstd writes it', Buffer.concat([skipped, zstd, skipped, zstd]), [bytes, bytes]],
    ['zstd, an empty frame behind', Buffer.concat([zstd, nothing]), [bytes]],
    ['gzip, cut', gzip.subarray(0, 2_000_000), /broken gzip: it is cut off/],
    ['gzip, its sum cut', gzip.subarray(0, -4), /broken gzip: it is cut off/],
    ['gzip, damaged', flipped(gzip), /broken gzip: /],
    ['gzip, something behind', Buffer.concat([gzip, Buffer.from('something')]), /broken gzip: /],
    ['zstd, cut', zstd.subarray(0, 2_000_000), /broken zstd: it is cut off/],
    [
      'zstd, cut within the second frame',
      Buffer.concat([zstd, zstd.subarray(0, 6)]),
      /broken zstd: it is cut off/,
    ],
    ['zstd, damaged', flipped(checked), /broken zstd: /],
    ['zstd, something behind', Buffer.concat([zstd, Buffer.from('something')]), /broken zstd: /],
  ]
  for (const [name, file, expected] of rows) {
    const path = join(directory, 'file')
    await writeFile(path, file)
    const compression = compressionOf(file) ?? 'gzip'
    t.equal(compression, name.startsWith('gzip') ? 'gzip' : 'zstd', `${name}: told by its first bytes`)
    // A slow reader: what is decoded must not be lost while it waits.
    const digest = async (ms: number) => {
      const hash = createHash('sha256')
      for await (const chunk of decompressed(path, compression)) {
        hash.update(chunk)
        if (ms > 0) await setTimeout(ms)
      }
      return hash.digest('hex')
    }
    if (expected instanceof RegExp) {
      const error: unknown = await digest(0).catch((cause: unknown) => cause)
      t.ok(error instanceof RegistryError && error.kind === 'unservable', name)
      t.match(error, { message: expected }, name)
      t.match(error, { message: path }, `${name}: says which file`)
    } else {
      const right = createHash('sha256').update(Buffer.concat(expected)).digest('hex')
      t.equal(await digest(0), right, name)
      t.equal(await digest(5), right, `${name}, read slowly`)
    }
  }
})

void t.test('plain files', async (t) => {
  for (const head of ['', '\u001f', 'text', 'PK\u0003\u0004', '\u001f\u008b\u0000', '\u0050ab'])
    t.equal(compressionOf(Buffer.from(head, 'latin1')), undefined, JSON.stringify(head))
})

void t.test('a file that is not there is no fault of the image', async (t) => {
  const none = async () => {
    for await (const chunk of decompressed('/nonexistent', 'gzip')) t.fail(String(chunk.length))
  }
  await t.rejects(none(), { name: 'RegistryError', kind: 'unavailable', message: /vanished/ })
})

void t.test('whoever stops early leaves no file open', { skip: missing('gzip') }, async (t) => {
  const path = join(await temporaryDirectory(t, 'compression'), 'file')
  await writeFile(path, (await execa('gzip', ['-n', '-1'], { input: bytes, encoding: 'buffer' })).stdout)
  const before = await openFiles()
  for await (const chunk of decompressed(path, 'gzip')) {
    t.ok(chunk.length > 0)
    break
  }
  await setTimeout(50)
  t.equal(await openFiles(), before)
})

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

/** With one bit of the last bytes changed, where the sums are. */
function flipped(of: Buffer): Buffer {
  const copy = Buffer.from(of)
  copy.writeUInt8(copy.readUInt8(copy.length - 3) ^ 1, copy.length - 3)
  return copy
}
