/** What the binary cache must refuse, whoever sends it: the store as it was, nothing left behind, and a clear word. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { formatNarinfo } from '../../src/core/nix/narinfo.ts'
import { base32Sha256 } from '../../src/core/oci/sha256.ts'
import { storeHashOf } from '../../src/core/nix/store-path.ts'
import { nar, sha256 } from '../support/nar.ts'
import { nixStore } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import {
  MIB,
  but,
  derivation,
  exists,
  isValid,
  pack,
  path,
  put,
  repacked,
  startCache,
  upload,
  type Package,
} from './nix-cache-client.ts'

const skip = missing('nix')
const named = (name: string): Package =>
  pack(`name-${Buffer.from(name).toString('hex')}`, { directory: [[name, { file: 'x' }]] })
const zeros = (size: number) => pack(`zeros-${size}`, { file: Buffer.alloc(size) })

void t.test('valid paths are imported unchanged', { skip }, async (t) => {
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

void t.test('paths that must be refused', { skip }, async (t) => {
  const server = await startCache(t)
  const good = pack('good', { file: 'good' })
  const archive = nar({ file: 'good' })
  const nowhere = path(`/nix/store/${'0'.repeat(32)}-nowhere`)
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

void t.test('clients that may write, and where', { skip }, async (t) => {
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
