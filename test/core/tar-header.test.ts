/**
 * The header bytes of format 1. They are part of the digest of every layer ever served: a change of any hash in this
 * file means a new format version (`TAR_FORMAT`), so that indexes of older versions aren't believed.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { extract } from 'tar-stream'
import { TAR_FORMAT, tarHeader, type TarEntry } from '../../src/core/tar-header.ts'
import { TRAILER_SIZE, padded } from '../../src/core/ustar-block.ts'

const long = (length: number) => 'n'.repeat(length)
/** A byte string, as names are inside. */
const bytes = (text: string) => Buffer.from(text).toString('latin1')
const GIB_8 = 8 * 1024 ** 3

type Case = {
  readonly what: string
  readonly entry: TarEntry
  /** Bytes of the header: 512, or more where a pax record is needed. */
  readonly length: number
  readonly sha256: string
}

const CASES: readonly Case[] = [
  {
    what: 'a directory',
    entry: { kind: 'directory', name: 'nix/store', mode: 0o755 },
    length: 512,
    sha256: '9349df6633dd15af31b0568dec6b0ef67e9e13de054c4888e82d0a04330001a1',
  },
  {
    what: 'a directory with the sticky bit',
    entry: { kind: 'directory', name: 'tmp', mode: 0o1777 },
    length: 512,
    sha256: '7770f655bde4e397138bb5b4804a0e8d023c271408464803722016b9f147d364',
  },
  {
    what: 'a file',
    entry: { kind: 'file', name: 'nix/store/x-1/file', mode: 0o444, size: 1234 },
    length: 512,
    sha256: '40aef286a2cd5daae5e228ef672bd593393ed345442544dd5a71c220fb086554',
  },
  {
    what: 'an empty executable file',
    entry: { kind: 'file', name: 'nix/store/x-1/bin/run', mode: 0o555, size: 0 },
    length: 512,
    sha256: '8dfc226d2bae01336cf93b9c72092afc1cb1cd220e1347d69e9e4e5c888bd360',
  },
  {
    what: 'a symbolic link',
    entry: { kind: 'symlink', name: 'bin/sh', target: '/nix/store/x-1/bin/sh' },
    length: 512,
    sha256: '3dbf0e5fef43a4269877a633af0a6226f54906d84cbd1caa41a24dcce44244a6',
  },
  {
    what: 'a name of 100 bytes, which fills the field',
    entry: { kind: 'file', name: long(100), mode: 0o444, size: 1 },
    length: 512,
    sha256: 'a9f3007919190dcfbebddcab69acc77b7babd1a41a993e7de43539c2422d17da',
  },
  {
    what: 'a name of 101 bytes without a slash',
    entry: { kind: 'file', name: long(101), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'e3bce241a03abd9576611d67ab59d5b63d7bf4cf70237edcb955adc8d93256de',
  },
  {
    what: 'a name of 101 bytes with a slash goes into the prefix',
    entry: { kind: 'file', name: `a/${long(99)}`, mode: 0o444, size: 1 },
    length: 512,
    sha256: 'c344c7964a50e4f1c4bb56050180cb541635afb31340bd97581ce3287ba5360b',
  },
  {
    what: 'a directory of 100 bytes, whose slash is the 101st',
    entry: { kind: 'directory', name: `d/${long(98)}`, mode: 0o555 },
    length: 512,
    sha256: 'c62c2979c2c8129aa2f7eaa89867504acd57a66767519373859403372b7218fc',
  },
  {
    what: 'a directory without another slash than its own',
    entry: { kind: 'directory', name: long(100), mode: 0o555 },
    length: 1536,
    sha256: 'a2a41bc18bd5b2c7abe99be276836a37d98134c8bab9cc71964a6cba9adb33bd',
  },
  {
    what: 'a name of 255 bytes where prefix and name are full but for one byte',
    entry: { kind: 'file', name: `${long(154)}/${long(100)}`, mode: 0o444, size: 1 },
    length: 512,
    sha256: '4a6b56abd70d4261d7967c60da707673e9c6baf26b378e1e50e4eb14efd0a7b6',
  },
  {
    what: 'a name of 256 bytes where prefix and name are full',
    entry: { kind: 'file', name: `${long(155)}/${long(100)}`, mode: 0o444, size: 1 },
    length: 512,
    sha256: '04f67b6cf2ac28997c20c1cd861eedba4af805df1062fd062495fe3ef5455591',
  },
  {
    what: 'a prefix one byte too long',
    entry: { kind: 'file', name: `${long(156)}/${long(100)}`, mode: 0o444, size: 1 },
    length: 1536,
    sha256: '878036d2606075436ea3e790da6dff64975ccc5f9b350f826b47455f600122b6',
  },
  {
    what: 'a last part one byte too long',
    entry: { kind: 'file', name: `a/${long(101)}`, mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'cf151d374b898ab24b3a83b371876605915710e14331a02d9d577d40482957b2',
  },
  {
    what: 'a name longer than ustar holds',
    entry: { kind: 'file', name: `${long(200)}/${long(200)}/${long(200)}`, mode: 0o444, size: 1 },
    length: 2048,
    sha256: '86fd94239d072edd3e9468fbf4ae35c71a4de0cadaf407add0317cba755feb74',
  },
  {
    what: 'a name in UTF-8',
    entry: { kind: 'file', name: bytes('share/größe-日本'), mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'ad62c8e4e7a80a8d0d747c3341fcb7d91c89a32af17177d53e3bb3182917c99f',
  },
  {
    what: 'a name that is not UTF-8',
    entry: { kind: 'file', name: 'share/\u00ff\u00fe', mode: 0o444, size: 1 },
    length: 1536,
    sha256: 'de9f108594f71fa7eed44452ec408b3bb575a4c719db9c763f7379881a776b9f',
  },
  {
    what: 'a link target of 100 bytes, which fills the field',
    entry: { kind: 'symlink', name: 'link', target: long(100) },
    length: 512,
    sha256: '87b90d1a9c24e60a4dbff76baabc6fdfed389d79d31f87cd0c2764c55818479d',
  },
  {
    what: 'a link target of 101 bytes',
    entry: { kind: 'symlink', name: 'link', target: long(101) },
    length: 1536,
    sha256: 'cb4c06297ac0da53a18eb24b886e21fde73c886722b82432f1b35fe7339b23e2',
  },
  {
    what: 'name and target both in need of a pax record',
    entry: { kind: 'symlink', name: bytes('ä'), target: bytes('ö') },
    length: 1536,
    sha256: 'cc4f3405d2e424ee5cd494a6238f6a134ab94eaf5fc58a985d5996bd808124c9',
  },
]

const HUGE: readonly Case[] = [
  {
    what: 'a file of 8 GiB less one byte, the largest that ustar holds',
    entry: { kind: 'file', name: 'huge', mode: 0o444, size: GIB_8 - 1 },
    length: 512,
    sha256: 'afbf23be3a434f5fccc667f36ab4eedb8ce69ea0dd958e3f28c05610d79e3050',
  },
  {
    what: 'a file of 8 GiB',
    entry: { kind: 'file', name: 'huge', mode: 0o444, size: GIB_8 },
    length: 1536,
    sha256: '575016c5f085a40ffcbe3eefd3b23c5c837b8c0d3124fd2bee7d17d95939a9be',
  },
  {
    what: 'a file of 8 GiB and one byte',
    entry: { kind: 'file', name: 'huge', mode: 0o444, size: GIB_8 + 1 },
    length: 1536,
    sha256: '9e491ff2fa1176922031ceb3c795b2e33f979d3a78408af3963708a730bd8f5a',
  },
]

void t.test('the bytes of format 1', async (t) => {
  t.equal(TAR_FORMAT, 1, 'a new format needs new hashes below')
  for (const { what, entry, length, sha256 } of [...CASES, ...HUGE]) {
    const header = tarHeader(entry)
    t.equal(header.length, length, `${what}: length`)
    t.equal(createHash('sha256').update(header).digest('hex'), sha256, what)
  }
})

void t.test('every field of a plain header stands where POSIX puts it', async (t) => {
  const header = Buffer.from(tarHeader({ kind: 'file', name: 'a/b', mode: 0o555, size: 8 }))
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

void t.test('owners and times other than root\u2019s and the first second', async (t) => {
  const plain = { kind: 'file', name: 'x', mode: 0o444, size: 0 } as const
  const same = { uid: 0, gid: 0, uname: '', gname: '', mtime: 1 }
  for (const attributes of [{}, same])
    t.ok(Buffer.from(tarHeader(plain)).equals(tarHeader({ ...plain, attributes })), 'those said are format 1')
  const rows = [
    [{ uid: 1000, gid: 100, uname: 'app', gname: 'users', mtime: 1_700_000_000 }, 512],
    [{ uid: 2_097_151 }, 512],
    [{ uid: 2_097_152, gid: 4_294_967_294 }, 1536],
    [{ uname: 'u'.repeat(31) }, 512],
    [{ uname: 'u'.repeat(32), gname: 'gr\u00fcn' }, 1536],
  ] as const
  for (const [attributes, length] of rows) {
    const archive = Buffer.concat([
      tarHeader({ ...plain, attributes: attributesOf(attributes) }),
      Buffer.alloc(TRAILER_SIZE),
    ])
    t.equal(archive.length - TRAILER_SIZE, length)
    const [found] = await readWithTarStream(archive)
    const { uname, gname, uid, gid, mtime } = { ...same, ...attributes }
    t.match(found, { mtime: mtime * 1000, name: 'x' })
    const numeric = ['--list', '--verbose', '--numeric-owner', '-f', '-']
    t.match(
      (await execa('tar', numeric, { input: archive })).stdout,
      new RegExp(` ${uid}/${gid} `),
      'GNU tar',
    )
    const named = await execa('tar', ['--list', '--verbose', '-f', '-'], { input: archive })
    t.ok(named.stdout.includes(` ${uname || uid}/${gname || gid} `), `GNU tar: ${named.stdout}`)
  }
})

/** Names as byte strings. */
function attributesOf(given: NonNullable<TarEntry['attributes']>) {
  const { uname, gname } = given
  return {
    ...given,
    ...(uname === undefined ? {} : { uname: bytes(uname) }),
    ...(gname === undefined ? {} : { gname: bytes(gname) }),
  }
}

void t.test('headers made one after another share no bytes', async (t) => {
  const entry: TarEntry = { kind: 'symlink', name: 'a', target: 't'.repeat(100) }
  const first = tarHeader(entry)
  const before = Buffer.from(first)
  Buffer.from(tarHeader({ kind: 'directory', name: 'b', mode: 0o755 })).fill(0xff)
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

void t.test('tar-stream reads back what was meant', async (t) => {
  const found = await readWithTarStream(archiveOf(CASES))
  t.strictSame(
    found,
    CASES.map(({ entry }) => ({
      type: entry.kind,
      // It decodes names as UTF-8, whatever they are.
      name: `${utf8(entry.name)}${entry.kind === 'directory' ? '/' : ''}`,
      mode: entry.kind === 'symlink' ? 0o777 : entry.mode,
      size: entry.kind === 'file' ? entry.size : 0,
      target: entry.kind === 'symlink' ? utf8(entry.target) : undefined,
      uid: 0,
      gid: 0,
      uname: '',
      gname: '',
      mtime: 1000,
    })),
  )
})

void t.test('tar-stream reads sizes of 8 GiB and more', async (t) => {
  for (const { what, entry } of HUGE) {
    const [found] = await readWithTarStream(Buffer.from(tarHeader(entry)), 1)
    t.equal(found?.size, entry.kind === 'file' ? entry.size : undefined, what)
  }
})

void t.test('GNU tar reads back what was meant', async (t) => {
  const lines = await gnuTar(['-f', '-'], archiveOf(CASES))
  t.strictSame(
    lines,
    CASES.map(({ entry }) => gnuLine(entry)),
  )
})

void t.test('GNU tar reads sizes of 8 GiB and more', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tar-header-'))
  t.teardown(() => rm(directory, { recursive: true }))
  for (const { what, entry } of HUGE) {
    const path = join(directory, 'huge.tar')
    const header = tarHeader(entry)
    const file = await open(path, 'w')
    await file.write(header)
    // Zeros that take no place on the disk: content, padding and trailer.
    await file.truncate(header.length + padded(entry.kind === 'file' ? entry.size : 0) + TRAILER_SIZE)
    await file.close()
    t.strictSame(await gnuTar(['-f', path]), [gnuLine(entry)], what)
  }
})

function archiveOf(cases: readonly Case[]): Buffer {
  return Buffer.concat([
    ...cases.flatMap(({ entry }) => [
      tarHeader(entry),
      Buffer.alloc(entry.kind === 'file' ? padded(entry.size) : 0),
    ]),
    Buffer.alloc(TRAILER_SIZE),
  ])
}

function utf8(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8')
}

/** @param atMost entries; the rest isn't read. */
async function readWithTarStream(archive: Buffer, atMost = Infinity) {
  const reader = extract()
  const found = []
  if (atMost === Infinity) reader.end(archive)
  else reader.write(archive)
  for await (const entry of reader) {
    const { type, name, mode, size, linkname, uid, gid, uname, gname, mtime } = entry.header
    found.push({
      type,
      name: type === 'directory' && !name.endsWith('/') ? `${name}/` : name,
      mode,
      size,
      target: linkname ?? undefined,
      uid,
      gid,
      uname,
      gname,
      mtime: mtime?.getTime(),
    })
    if (found.length >= atMost) break
    entry.resume()
  }
  return found
}

async function gnuTar(args: readonly string[], input?: Buffer): Promise<string[]> {
  const command = ['--list', '--verbose', '--numeric-owner', '--full-time', '--quoting-style=literal']
  const { stdout } = await execa('tar', [...command, ...args], {
    ...(input === undefined ? {} : { input }),
    encoding: 'latin1',
    env: { LC_ALL: 'C', TZ: 'UTC0' },
  })
  return stdout.split('\n').map((line) => line.replace(/ +/g, ' '))
}

function gnuLine(entry: TarEntry): string {
  const mode = entry.kind === 'symlink' ? 0o777 : entry.mode
  const letters = Array.from('rwxrwxrwx', (letter) => letter)
    .map((letter, i) => (((mode >> (8 - i)) & 1) === 1 ? letter : '-'))
    .join('')
  const kind = { directory: 'd', file: '-', symlink: 'l' }[entry.kind]
  const sticky = (mode & 0o1000) === 0 ? letters : `${letters.slice(0, 8)}t`
  const size = entry.kind === 'file' ? entry.size : 0
  const shown =
    entry.kind === 'directory'
      ? `${entry.name}/`
      : entry.kind === 'symlink'
        ? `${entry.name} -> ${entry.target}`
        : entry.name
  return `${kind}${sticky} 0/0 ${size} 1970-01-01 00:00:01 ${shown}`
}
