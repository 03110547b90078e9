/**
 * The headers that Python and Go write, by their own word. Where they aren't installed, the sums below stand for them:
 * they were taken from Python 3.11 and Go 1.26.
 */
import { asByteString, encodeText } from '../../src/core/byte-string.ts'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { goHeader } from '../../src/core/tar/go-tar.ts'
import { pythonHeader, pythonTrailerSize } from '../../src/core/tar/python-tar.ts'
import { ROOT, tarHeader, type TarEntry } from '../../src/core/tar/tar-header.ts'
import { missing } from '../support/requirement.ts'

const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url))
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')
const long = (length: number) => 'n'.repeat(length)
const file = (name: string, more: object = {}): TarEntry => ({
  kind: 'file',
  name: asByteString(name),
  mode: 0o444,
  size: 0,
  ...more,
})
const link = (name: string, target: string): TarEntry => ({
  kind: 'symlink',
  name: asByteString(name),
  target: asByteString(target),
})
const directory = (name: string): TarEntry => ({ kind: 'directory', name: asByteString(name), mode: 0o555 })
const owned = (attributes: object) => file('/owned', { attributes })

const ENTRIES: readonly TarEntry[] = [
  directory('/'),
  directory('/nix/store'),
  file('/nix/store/x-1/file', { mode: 0o4755 }),
  link('/nix/store/x-1/link', '../target'),
  // Around the 100 bytes of a name, with and without a place to cut it.
  ...[99, 100, 101, 102].flatMap((length) => [
    file(long(length)),
    file(`a/${long(length - 2)}`),
    directory(`/${long(length - 1)}`),
    link('/link', long(length)),
  ]),
  // Around the 155 bytes of a prefix.
  ...[153, 154, 155, 156, 157].flatMap((length) => [
    file(`/${long(length - 1)}/${long(20)}`),
    file(`/a/${long(length - 3)}/${long(100)}`),
    directory(`/${long(length - 1)}/${long(99)}`),
  ]),
  file(`/${'ten-bytes/'.repeat(12)}${long(50)}`),
  file(`/${'ten-bytes/'.repeat(40)}${long(50)}`),
  // What is cut at a slash when it is too long for the main block.
  link(`/${long(98)}/${long(200)}`, `${long(99)}/${long(99)}`),
  // A name that ustar holds beside a target that it doesn't.
  link(`/${long(100)}/${long(50)}`, long(101)),
  file(encodeText('/grüße/日本語/😀')),
  file(encodeText(`/${'ü'.repeat(60)}/${long(60)}`)),
  link('/link', encodeText('ziel/ü')),
  // Bytes that are no UTF-8, alone and in the middle of a character.
  file('/caf\u00e9'),
  file('/\u00e2\u0082x\u00f0\u009f\u0098'),
  file('/\u00ed\u00a0\u0080\u00c0\u0080\u00ff'),
  link('/link', '\u00ff'),
  owned({ uid: 1000, gid: 100, uname: 'app', gname: 'users', mtime: 1_600_000_000 }),
  owned({ uid: 2_097_151, gid: 2_097_152 }),
  owned({ uid: 4_294_967_294, gid: 4_294_967_295 }),
  owned({ uname: long(32), gname: long(33) }),
  owned({ uname: encodeText('jörg'), gname: encodeText('ü'.repeat(40)) }),
  owned({ mtime: 0 }),
  owned({ mtime: 8_589_934_591 }),
]
/** Times that nix2container never writes. */
const PYTHON_ENTRIES: readonly TarEntry[] = [
  owned({ uid: 1_000_680_000, gid: 1_000_680_000 }),
  owned({ mtime: -1 }),
  owned({ mtime: -2_208_988_800, uid: 1_000_680_000 }),
  owned({ mtime: 8_589_934_592 }),
]

/** As both programs read them. */
const requestOf = (entries: readonly TarEntry[]) =>
  JSON.stringify(
    entries.map((entry) => {
      const { uid, gid, uname, gname, mtime } = { ...ROOT, ...entry.attributes }
      const target = entry.kind === 'symlink' ? entry.target : ''
      return {
        kind: entry.kind,
        name: hex(entry.name),
        target: hex(target),
        mode: entry.mode ?? 0o777,
        size: 0,
        uid,
        gid,
        mtime,
        uname: hex(uname),
        gname: hex(gname),
      }
    }),
  )

const sum = (value: Uint8Array) => createHash('sha256').update(value).digest('hex')
const python = Buffer.concat(ENTRIES.map(pythonHeader))
const pythonTar = Buffer.concat([python, Buffer.alloc(pythonTrailerSize(python.length))])
const go = Buffer.concat(ENTRIES.map(goHeader))

void t.test('headers that Python wrote', async (t) => {
  t.equal(sum(pythonTar), '63ab0eeb11deacb5110e672aee70b62adb2ee84aebe31521d487e6c298bd193d')
})

void t.test('headers that Go wrote', async (t) => {
  t.equal(sum(go), '73079f48927dfae241a221777002676fd6c79a19808f5a5618d9f0da71f61483')
})

void t.test('headers that Python writes', { skip: missing('python3') }, async (t) => {
  const { stdout } = await execa('python3', [support('stream-conf.py'), '--headers'], {
    input: requestOf([...ENTRIES, ...PYTHON_ENTRIES]),
    encoding: 'buffer',
    env: { PYTHONUTF8: '1' },
  })
  const headers = Buffer.concat([python, ...PYTHON_ENTRIES.map(pythonHeader)])
  const trailer = Buffer.alloc(pythonTrailerSize(headers.length))
  t.equal(Buffer.compare(stdout, Buffer.concat([headers, trailer])), 0)
})

void t.test('headers that Go writes', { skip: missing('go'), timeout: 120_000 }, async (t) => {
  const { stdout } = await execa('go', ['run', support('go-headers.go')], {
    input: requestOf(ENTRIES),
    encoding: 'buffer',
  })
  t.equal(Buffer.compare(stdout, go), 0)
})

void t.test('files of 8 GiB and more', async (t) => {
  const large = file('/large', { size: 8 * 1024 ** 3 })
  t.match(Buffer.from(pythonHeader(large)).toString('latin1', 512), /^19 size=8589934592\n/)
  t.match(Buffer.from(goHeader(large)).toString('latin1', 512), /^19 size=8589934592\n/)
  t.equal(pythonHeader(file('/x', { size: 8 * 1024 ** 3 - 1 })).length, 512)
  t.equal(goHeader(file('/x', { size: 8 * 1024 ** 3 - 1 })).length, 512)
})

void t.test('a Python archive fills whole records', async (t) => {
  for (const [size, trailer] of [
    [0, 10240],
    [512, 9728],
    [9216, 1024],
    [9728, 10752],
    [10240, 10240],
  ] as const)
    t.equal(pythonTrailerSize(size), trailer, String(size))
})

void t.test('format 1 takes owners and times too, and has the same bytes without', async (t) => {
  const plain = file('nix/store/x-1/file')
  t.strictSame(tarHeader({ ...plain, attributes: {} }), tarHeader(plain))
  const header = Buffer.from(
    tarHeader({
      ...plain,
      attributes: { uid: 1000, gid: 100, uname: asByteString('app'), gname: asByteString('users'), mtime: 5 },
    }),
  )
  t.equal(header.toString('latin1', 108, 124), '0001750\u00000000144\u0000')
  t.equal(header.toString('latin1', 136, 148), '00000000005\u0000')
  t.equal(header.toString('latin1', 265, 300), `app${'\u0000'.repeat(29)}use`)
  const large = Buffer.from(tarHeader({ ...plain, attributes: { uid: 2_097_152, gname: encodeText('ü') } }))
  t.match(large.toString('latin1', 512, 600), /^15 uid=2097152\n12 gname=\u00c3\u00bc\n/)
})
