import { asByteString } from '../../src/core/byte-string.ts'
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Segment } from '../../src/core/tar/segment.ts'
import { fillWithoutFiles, readFiles, type FilePart } from '../../src/layer/read.ts'

const directory = mkdtempSync(join(tmpdir(), 'read-'))
t.teardown(() => rmSync(directory, { recursive: true }))

let count = 0
function fileWith(content: string | Uint8Array, name = `file-${count++}`): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const part = (path: string, offset: number, length: number, fileSize: number, at = 0): FilePart => ({
  path: asByteString(path),
  offset,
  length,
  fileSize,
  at,
})

function read(parts: readonly FilePart[], size: number): string {
  const buffer = Buffer.alloc(size, '.')
  readFiles(parts, buffer)
  return buffer.toString()
}

void t.test('bytes are put in their place, files are said where they go', async (t) => {
  const buffer = Buffer.alloc(12, '.')
  const segments: readonly Segment[] = [
    { kind: 'bytes', bytes: Buffer.from('ab') },
    { kind: 'file', path: asByteString('/x'), offset: 7, length: 4, fileSize: 20 },
    { kind: 'bytes', bytes: Buffer.from('cd') },
  ]
  t.strictSame(fillWithoutFiles(segments, buffer), [
    { path: '/x', offset: 7, length: 4, fileSize: 20, at: 2 },
  ])
  t.equal(buffer.toString(), 'ab....cd....')
})

void t.test('parts of files go where they belong, and nothing else is touched', async (t) => {
  const path = fileWith('0123456789')
  for (const [what, parts, expected] of [
    ['the whole at the start', [part(path, 0, 10, 10)], '0123456789......'],
    ['the whole up to the end of the buffer', [part(path, 0, 10, 10, 6)], '......0123456789'],
    ['the end of it, with room behind', [part(path, 8, 2, 10, 3)], '...89...........'],
    ['a middle', [part(path, 3, 4, 10, 1)], '.3456...........'],
    [
      'one after another',
      [part(path, 9, 1, 10, 0), part(path, 0, 2, 10, 1), part(path, 5, 5, 10, 3)],
      '90156789........',
    ],
    ['none', [], '................'],
  ] as const) {
    t.equal(read(parts, 16), expected, what)
  }
})

void t.test('a file of another size than was hashed is never taken for it', async (t) => {
  const other = { name: 'RegistryError', kind: 'unavailable', message: /changed its size/ }
  const grown = fileWith('0123456789')
  appendFileSync(grown, 'x')
  const shrunk = fileWith('0123456789')
  truncateSync(shrunk, 9)
  const emptied = fileWith('')
  for (const [what, path] of [
    ['grown', grown],
    ['shrunk', shrunk],
    ['emptied', emptied],
  ] as const) {
    t.throws(() => read([part(path, 0, 10, 10)], 16), other, `${what}: the whole, with room behind`)
    t.throws(
      () => read([part(path, 0, 10, 10, 6)], 16),
      other,
      `${what}: the whole, up to the end of the buffer`,
    )
    t.throws(() => read([part(path, 0, 4, 10)], 16), other, `${what}: a part that is still there`)
    t.throws(() => read([part(path, 9, 1, 10)], 16), other, `${what}: its last byte`)
  }
})

void t.test('a file that vanished, or became something else, is unavailable', async (t) => {
  const target = fileWith('0123456789')
  const link = join(directory, 'link')
  symlinkSync(target, link)
  for (const [what, path] of [
    ['vanished', join(directory, 'nowhere')],
    ['below a file', join(target, 'x')],
    ['became a symbolic link', link],
    ['became a directory', directory],
  ] as const) {
    t.throws(() => read([part(path, 0, 10, 10)], 16), { name: 'RegistryError', kind: 'unavailable' }, what)
  }
})

void t.test('names that are no UTF-8 are read like others, and shown as far as they can be', async (t) => {
  const name = Buffer.concat([Buffer.from(join(directory, 'ä-')), Buffer.from([0xff])])
  writeFileSync(name, 'content')
  t.equal(read([part(name.toString('latin1'), 0, 7, 7)], 7), 'content')
  const missing = Buffer.from(join(directory, 'größe')).toString('latin1')
  t.throws(() => read([part(missing, 0, 7, 7)], 7), { name: 'RegistryError', message: /größe/ })
})
