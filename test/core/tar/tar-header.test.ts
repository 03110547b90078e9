/** The header bytes of format 1. */
import { asByteString } from '../../../src/core/byte-string.ts'
import { createHash } from 'node:crypto'
import t from 'tap'
import { TAR_FORMAT, tarHeader, type TarEntry } from '../../../src/core/tar/tar-header.ts'
import { padded } from '../../../src/core/tar/ustar-block.ts'
import { CASES, GIB_8, HUGE } from '../tar-header-cases.ts'

void t.test('the bytes of format 1', async (t) => {
  t.equal(TAR_FORMAT, 1, 'a new format needs new hashes')
  for (const { what, entry, length, sha256 } of [...CASES, ...HUGE]) {
    const header = tarHeader(entry)
    t.equal(header.length, length, `${what}: length`)
    t.equal(createHash('sha256').update(header).digest('hex'), sha256, what)
  }
})

void t.test('every field of a plain header stands where POSIX puts it', async (t) => {
  const header = Buffer.from(tarHeader({ kind: 'file', name: asByteString('a/b'), mode: 0o555, size: 8 }))
  const field = (at: number, size: number) => header.toString('latin1', at, at + size)
  const rows = [
    ['name', 0, 100, 'a/b'.padEnd(100, '\0')],
    ['mode', 100, 8, '0000555\0'],
    ['uid', 108, 8, '0000000\0'],
    ['gid', 116, 8, '0000000\0'],
    ['size', 124, 12, '00000000010\0'],
    ['mtime', 136, 12, '00000000001\0'],
    ['type', 156, 1, '0'],
    ['link target', 157, 100, '\0'.repeat(100)],
    ['magic and version', 257, 8, 'ustar\u000000'],
    ['owner names', 265, 64, '\0'.repeat(64)],
    ['device', 329, 16, '0000000\u00000000000\0'],
    ['prefix', 345, 155, '\0'.repeat(155)],
  ] as const
  for (const [what, at, size, expected] of rows) t.equal(field(at, size), expected, what)
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  t.equal(field(148, 8), `${sum.toString(8).padStart(6, '0')}\0 `, 'checksum')
})

void t.test('headers made one after another share no bytes', async (t) => {
  const entry: TarEntry = { kind: 'symlink', name: asByteString('a'), target: asByteString('t'.repeat(100)) }
  const first = tarHeader(entry)
  const before = Buffer.from(first)
  Buffer.from(tarHeader({ kind: 'directory', name: asByteString('b'), mode: 0o755 })).fill(0xff)
  t.ok(before.equals(first))
  t.ok(before.equals(tarHeader(entry)), 'whatever lay in the memory before')
})

void t.test('padded rounds up to blocks of 512', async (t) => {
  for (const [size, expected] of [
    [0, 0],
    [1, 512],
    [511, 512],
    [512, 512],
    [513, 1024],
    [GIB_8 + 1, GIB_8 + 512],
  ] as const) {
    t.equal(padded(size), expected, `${size}`)
  }
})
