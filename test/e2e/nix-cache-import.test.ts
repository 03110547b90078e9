/** What the binary cache must refuse, whoever sends it: the store as it was, nothing left behind, and a clear word. */
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import {
  contentAddressedPath,
  formatContentAddress,
  type ContentAddress,
} from '../../src/core/content-address.ts'
import { formatNarinfo, type Narinfo } from '../../src/core/narinfo.ts'
import { base32Sha256 } from '../../src/core/sha256.ts'
import { parseStorePath, storeHashOf, type StorePath } from '../../src/core/store-path.ts'
import { until } from './until.ts'
import { nar, sha256, type Tree } from '../support/nar.ts'
import { nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKEN = `token-${process.pid}-of-the-tests`
const AUTHORIZATION = `Bearer ${TOKEN}`
const MIB = 1024 ** 2
const skip = missing('nix')

type Package = { readonly narinfo: Narinfo; readonly packed: Uint8Array }

/** What an honest client would send; names are salted, so that no store has them. */
function pack(
  name: string,
  tree: Tree,
  method: ContentAddress['method'] = 'archive',
  references: readonly StorePath[] = [],
): Package {
  const archive = nar(tree)
  const narHash = sha256(archive)
  const hash = method === 'archive' ? narHash : sha256('file' in tree ? tree.file : '')
  const salted = name.replace(/(\.drv)?$/, `-${process.pid}$1`)
  const storePath = contentAddressedPath(salted, { method, hash }, references)
  if (storePath === undefined) throw new Error(name)
  const packed = zstdCompressSync(archive)
  return {
    packed,
    narinfo: {
      storePath,
      url: `nar/${base32Sha256(sha256(packed))}.nar.zst`,
      compression: 'zstd',
      fileHash: sha256(packed),
      fileSize: packed.length,
      narHash,
      narSize: archive.length,
      references,
      deriver: undefined,
      signatures: [],
      contentAddress: formatContentAddress({ method, hash }),
    },
  }
}

/** The same with another archive, which the narinfo's file fields describe truly. */
function repacked({ narinfo }: Package, archive: Uint8Array, packed = zstdCompressSync(archive)): Package {
  const fileHash = sha256(packed)
  const url = `nar/${base32Sha256(fileHash)}.nar.zst`
  return { packed, narinfo: { ...narinfo, url, fileHash, fileSize: packed.length } }
}

const but = ({ narinfo, packed }: Package, changes: Partial<Narinfo>): Package => ({
  packed,
  narinfo: { ...narinfo, ...changes },
})

async function startCache(t: Test, mode = 'write'): Promise<Pushless> {
  const tokenFile = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(tokenFile, TOKEN)
  return startPushless(t, { args: ['--nix-cache', mode, '--token-file', tokenFile] })
}

async function put(server: Pushless, file: string, body: Uint8Array | string, authorization = AUTHORIZATION) {
  const response = await fetch(`${server.url}/nix-cache/${file}`, {
    method: 'PUT',
    body: Buffer.from(body),
    headers: { authorization },
  })
  return { status: response.status, message: await response.text() }
}

async function upload(server: Pushless, { narinfo, packed }: Package) {
  const archive = await put(server, narinfo.url, packed)
  if (archive.status !== 200) return archive
  return put(server, `${storeHashOf(narinfo.storePath)}.narinfo`, formatNarinfo(narinfo))
}

const isValid = (path: string) =>
  nixStore('--check-validity', path).then(
    () => true,
    () => false,
  )
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

const derivation = (name: string, source: string) =>
  `Derive([("out","","r:sha256","0000000000000000000000000000000000000000000000000000000000000000")],[],["${source}"],"x86_64-linux","/bin/sh",[],[("name","${name}")])`

void t.test('what is right is imported, and is what was sent', { skip }, async (t) => {
  const server = await startCache(t)
  const source = pack('source', {
    directory: [
      ['executable', { file: '#!/bin/sh\n', executable: true }],
      ['file', { file: 'content' }],
      ['link', { symlink: 'file' }],
    ],
  })
  const text = pack('text', { file: `see ${source.narinfo.storePath}` }, 'text', [source.narinfo.storePath])
  const flat = pack('flat', { file: 'flat' }, 'flat')
  for (const sent of [source, text, flat, flat]) {
    t.match(await upload(server, sent), { status: 200, message: '' })
    const { storePath, narHash, references } = sent.narinfo
    t.same(await nixStore('--query', '--hash', storePath), [`sha256:${base32Sha256(narHash)}`])
    t.same(await nixStore('--query', '--references', storePath), references)
    await t.rejects(nixStore('--delete', storePath), 'and is kept from the garbage collector')
  }
  const [before] = await nixStore('--query', '--hash', source.narinfo.storePath)
  t.match(await upload(server, source), { status: 200 }, 'twice is no harm')
  t.same(await nixStore('--query', '--hash', source.narinfo.storePath), [before])
})

void t.test('what must be refused', { skip }, async (t) => {
  const server = await startCache(t)
  const good = pack('good', { file: 'good' })
  const archive = nar({ file: 'good' })
  const named = (name: string): Package =>
    pack(`name-${Buffer.from(name).toString('hex')}`, { directory: [[name, { file: 'x' }]] })
  const nowhere = path(`/nix/store/${'0'.repeat(32)}-nowhere`)
  const zeros = (size: number) => pack(`zeros-${size}`, { file: Buffer.alloc(size) })
  const self = path(`/nix/store/${'1'.repeat(32)}-self`)
  const other = pack('other', { file: 'other' })
  const CASES: readonly (readonly [string, Package, number, RegExp])[] = [
    ['a truncated archive', repacked(good, archive.subarray(0, 64)), 400, /unpacks to 64 bytes, not to/],
    [
      'a truncated archive of the right size',
      but(repacked(good, archive.subarray(0, 64)), { narSize: 64 }),
      400,
      /cut off/,
    ],
    [
      'a truncated upload',
      repacked(good, archive, zstdCompressSync(archive).subarray(0, -8)),
      400,
      /cut off|unpacks to/,
    ],
    ['an altered archive', repacked(good, nar({ file: 'goof' })), 400, /NarHash is not that of the upload/],
    ['something behind the archive', repacked(good, Buffer.concat([archive, archive])), 400, /more than its/],
    ['no archive at all', but(repacked(good, Buffer.alloc(archive.length, 1)), {}), 400, /not a Nix archive/],
    ['not compressed as it says', but(good, { compression: 'xz' }), 400, /cut off or not xz/],
    ['an unknown compression', but(good, { compression: 'bzip2' }), 403, /compressed as bzip2 are not taken/],
    ['a name that leads out', named('..'), 400, /can't be named "\.\."/],
    ['a name with a slash', named('../../../tmp/x'), 400, /can't be named/],
    ['an absolute name', named('/etc/passwd'), 400, /can't be named/],
    ['a wrong NarHash', but(good, { narHash: sha256('x') }), 400, /NarHash is not/],
    ['a NarSize too small', but(good, { narSize: archive.length - 8 }), 400, /unpacks to more/],
    ['a wrong FileHash', but(good, { fileHash: sha256('x') }), 400, /FileHash or FileSize/],
    ['a wrong FileSize', but(good, { fileSize: 1 }), 400, /FileHash or FileSize/],
    [
      'the path of another content',
      but(good, { storePath: other.narinfo.storePath }),
      400,
      /not the path of its content address/,
    ],
    [
      'the path and address of another content',
      but(good, {
        storePath: other.narinfo.storePath,
        contentAddress: other.narinfo.contentAddress,
        narHash: other.narinfo.narHash,
      }),
      400,
      /unpacks to|NarHash is not/,
    ],
    ['a path of no content address', but(good, { contentAddress: undefined }), 403, /not content-addressed/],
    [
      'a signed path of no content address',
      but(good, { contentAddress: undefined, signatures: ['cache.nixos.org-1:AAAA'] }),
      403,
      /signatures are not trusted/,
    ],
    ['a hash that isn’t taken', but(good, { contentAddress: 'fixed:r:sha1:abc' }), 403, /only text:sha256/],
    [
      'a reference that isn’t there',
      pack('refers', { file: nowhere }, 'archive', [nowhere]),
      400,
      /does not have: \/nix\/store\/0{32}-nowhere.*narinfo-cache-positive-ttl/,
    ],
    ['a reference to itself', but(good, { storePath: self, references: [self] }), 403, /refers to itself/],
    [
      'a flat file with references',
      but(pack('flat', { file: 'x' }, 'flat'), { references: [nowhere] }),
      400,
      /./,
    ],
    [
      'a flat file that is a program',
      but(repacked(pack('program', { file: 'p' }, 'flat'), nar({ file: 'p', executable: true })), {
        narHash: sha256(nar({ file: 'p', executable: true })),
        narSize: nar({ file: 'p', executable: true }).length,
      }),
      400,
      /not a plain file/,
    ],
    ['a derivation that is none', pack('none.drv', { file: 'Derive(' }, 'text'), 400, /no derivation/],
    ['a derivation that is a directory', pack('tree.drv', { directory: [] }), 400, /named like a derivation/],
    [
      'a derivation that hides its inputs',
      pack('hides.drv', { file: derivation('hides', nowhere) }, 'text'),
      400,
      /references are not its inputs/,
    ],
    ['a bomb by ratio', zeros(64 * MIB), 413, /more than 1000 times/],
    [
      'a bomb that says it is small',
      but(zeros(65 * MIB), { narSize: 1000 }),
      400,
      /unpacks to more than its 1000 bytes/,
    ],
    ['more than may be unpacked', but(good, { narSize: 1024 * MIB + 1 }), 413, /at most/],
    ['a text too large', but(pack('large', { file: 'x' }, 'text'), { narSize: 17 * MIB }), 413, /at most/],
  ]
  for (const [name, sent, status, message] of CASES) {
    t.match(await upload(server, sent), { status, message }, name)
    t.notOk(await exists(sent.narinfo.storePath), `${name}: the store is as it was`)
  }
  const paths = [...new Set(CASES.map(([, { narinfo }]) => narinfo.storePath))]
  t.same(
    (await nixStore('--check-validity', '--print-invalid', ...paths)).sort(),
    paths.sort(),
    'Nix knows of none of them',
  )

  const { storePath, url } = good.narinfo
  const narinfo = `${storeHashOf(storePath)}.narinfo`
  const text = formatNarinfo(good.narinfo)
  const RAW: readonly (readonly [string, string, string | Uint8Array, number, RegExp])[] = [
    [
      'another store’s path',
      narinfo,
      text.replaceAll('/nix/store', '/gnu/store'),
      400,
      /not a path of \/nix\/store/,
    ],
    [
      'a narinfo under another’s name',
      `${'0'.repeat(32)}.narinfo`,
      text,
      400,
      /the narinfo of 0{32} describes/,
    ],
    [
      'a narinfo without its archive',
      narinfo,
      text.replace(url, `nar/${base32Sha256(sha256('y'))}.nar`),
      400,
      /not uploaded before/,
    ],
    [
      'a narinfo whose archive is elsewhere',
      narinfo,
      text.replace(url, 'http://127.0.0.1/x.nar'),
      400,
      /is uploaded as/,
    ],
    [
      'a narinfo that leads out of the uploads',
      narinfo,
      text.replace(url, 'nar/../../index'),
      400,
      /is uploaded as/,
    ],
    ['a narinfo too large', narinfo, 'x'.repeat(2 * MIB), 413, /more than/],
    ['no narinfo', narinfo, '', 400, /cut off/],
    ['an archive of other bytes than its name says', url, 'other bytes', 400, /other bytes/],
    ['an archive with a name of its own', 'nar/mine.nar', 'x', 400, /is uploaded as/],
    ['another nix-cache-info', 'nix-cache-info', 'StoreDir: /gnu/store', 403, /only archives/],
    ['a log', 'log/x.drv', 'x', 403, /only archives/],
  ]
  for (const [name, file, body, status, message] of RAW)
    t.match(await put(server, file, body), { status, message }, name)
  t.match(
    await put(server, `${storeHashOf(storePath)}.ls`, '{}'),
    { status: 200 },
    'a listing is passed over',
  )
  t.notOk(await isValid(storePath))
  t.match(await upload(server, good), { status: 200 }, 'and what is right is still taken')
})

void t.test('who may write, and where', { skip }, async (t) => {
  const sent = pack('permitted', { file: 'permitted' })
  const { storePath, url } = sent.narinfo
  const server = await startCache(t)
  for (const authorization of ['', 'Bearer wrong', `Basic ${Buffer.from('x:wrong').toString('base64')}`]) {
    t.match(await put(server, url, sent.packed, authorization), { status: 401, message: /needs the token/ })
    t.equal((await fetch(`${server.url}/nix-cache/${url}`, { method: 'HEAD' })).status, 404)
  }
  t.match(
    await put(server, url, Buffer.alloc(20 * MIB), ''),
    { status: 401 },
    'also before it has sent it all',
  )
  t.strictSame(await readdir(join(server.state, 'uploads')), [])
  await server.stop()
  t.notOk(await exists(join(server.state, 'uploads')))

  const reader = await startCache(t, 'read')
  t.match(await put(reader, url, sent.packed), { status: 405, message: /--nix-cache read/ })
  const off = await startCache(t, 'off')
  t.match(await put(off, url, sent.packed), { status: 405 })
  t.equal((await fetch(`${off.url}/nix-cache/nix-cache-info`)).status, 404)
  t.equal((await fetch(`${reader.url}/nix-cache/nix-cache-info`)).status, 200)
  t.notOk(await isValid(storePath))
})

void t.test('much at once', { skip }, async (t) => {
  const server = await startCache(t)
  t.match(await upload(server, pack('first', { file: 'first' })), { status: 200 })
  const before = await memoryPeak(server)

  await t.test('a source of 10,000 files', async (t) => {
    const files = Array.from(
      { length: 10_000 },
      (_, i) => [`file-${String(i).padStart(5, '0')}`, { file: `${i}\n`.repeat(500) }] as const,
    )
    const sent = pack('many', { directory: files })
    const start = performance.now()
    t.match(await upload(server, sent), { status: 200 })
    const ms = Math.round(performance.now() - start)
    t.ok(await isValid(sent.narinfo.storePath))
    t.ok(ms < 30_000, `${Math.round(sent.narinfo.narSize / MIB)} MiB unpacked in ${ms} ms`)
    const grown = (await memoryPeak(server)) - before
    t.ok(grown < 64, `${grown} MiB more`)
    const read = await fetch(`${server.url}/nix-cache/${storeHashOf(sent.narinfo.storePath)}.narinfo`, {
      headers: { authorization: AUTHORIZATION },
    })
    const url = /^URL: (.*)$/m.exec(await read.text())?.[1] ?? ''
    const archive = await fetch(`${server.url}/nix-cache/${url}`, {
      headers: { authorization: AUTHORIZATION },
    })
    t.equal(sha256(Buffer.from(await archive.arrayBuffer())), sent.narinfo.narHash, 'and comes back the same')
  })

  await t.test('10,000 narinfos of garbage', async (t) => {
    const { narinfo } = pack('garbage', { file: 'garbage' })
    const statuses = new Set<number>()
    const start = performance.now()
    for (let round = 0; round < 200; round++) {
      const answers = Array.from({ length: 50 }, (_, i) => {
        const text = formatNarinfo({ ...narinfo, narSize: round * 50 + i })
        return put(server, `${storeHashOf(narinfo.storePath)}.narinfo`, i % 2 === 0 ? text : text.slice(i))
      })
      for (const { status } of await Promise.all(answers)) statuses.add(status)
    }
    t.strictSame([...statuses], [400], `in ${Math.round(performance.now() - start)} ms`)
    t.notOk(await isValid(narinfo.storePath))
    const grown = (await memoryPeak(server)) - before
    t.ok(grown < 96, `${grown} MiB more in all`)
    t.equal((await readdir(join(server.state, 'uploads'))).length, 2, 'two archives that were imported')
  })

  await t.test('clients that leave in mid-upload leave nothing', async (t) => {
    for (const sent of [0, 1, 100_000]) {
      const client = request(`${server.url}/nix-cache/nar/${base32Sha256(sha256('z'))}.nar`, {
        method: 'PUT',
        headers: { authorization: AUTHORIZATION, 'content-length': 1_000_000 },
      })
      client.on('error', () => undefined).write(Buffer.alloc(sent))
      await setTimeout(100)
      client.destroy()
    }
    await until(
      () => server.logs.filter(({ reason }) => reason === 'the upload broke off').length === 3 || undefined,
    )
    t.match(await put(server, `nar/${base32Sha256(sha256('end'))}.nar`, 'end'), { status: 200 })
    t.equal((await readdir(join(server.state, 'uploads'))).length, 3)
  })
})

/** MiB that the process had at most so far. */
async function memoryPeak({ pid }: Pushless): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1]) / 1024)
}

function path(text: string): StorePath {
  const parsed = parseStorePath(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}
