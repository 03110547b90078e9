/** What tar-stream and GNU tar read of the headers is what was meant. */
import { asByteString, encodeText } from '../../src/core/byte-string.ts'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { extract } from 'tar-stream'
import { tarHeader, type TarEntry } from '../../src/core/tar/tar-header.ts'
import { TRAILER_SIZE, padded } from '../../src/core/tar/ustar-block.ts'
import { CASES, HUGE, type Case } from './tar-header-cases.ts'

void t.test('owners and times other than root\u2019s and the first second', async (t) => {
  const plain = { kind: 'file', name: asByteString('x'), mode: 0o444, size: 0 } as const
  const same = { uid: 0, gid: 0, uname: asByteString(''), gname: asByteString(''), mtime: 1 }
  for (const attributes of [{}, same])
    t.ok(Buffer.from(tarHeader(plain)).equals(tarHeader({ ...plain, attributes })), 'those said are format 1')
  const rows = [
    [
      { uid: 1000, gid: 100, uname: asByteString('app'), gname: asByteString('users'), mtime: 1_700_000_000 },
      512,
    ],
    [{ uid: 2_097_151 }, 512],
    [{ uid: 2_097_152, gid: 4_294_967_294 }, 1536],
    [{ uname: asByteString('u'.repeat(31)) }, 512],
    [{ uname: asByteString('u'.repeat(32)), gname: asByteString('gr\u00fcn') }, 1536],
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
    ...(uname === undefined ? {} : { uname: encodeText(uname) }),
    ...(gname === undefined ? {} : { gname: encodeText(gname) }),
  }
}

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
