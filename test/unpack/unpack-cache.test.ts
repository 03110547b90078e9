/** The cache on disk: bounded, shared by all who ask, never with half a file, and none lost that is in use. */
import { randomBytes } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { DeletionListener } from '../../src/core/deletion.ts'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import { execa } from 'execa'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { UnpackCache, type PackedFile } from '../../src/unpack/unpack-cache.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const MB = 1_000_000

/** Files of one megabyte each, packed. The cache takes any path for the store's. */
async function packedFiles(
  scope: Scope,
  count: number,
): Promise<readonly (PackedFile & { readonly bytes: Buffer })[]> {
  const directory = await temporaryDirectory(scope, 'packed')
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const bytes = randomBytes(MB)
      return { ...(await packedFile(directory, String(i), gzipSync(bytes, { level: 1 }))), bytes }
    }),
  )
}

async function packedFile(directory: string, name: string, packed: Uint8Array): Promise<PackedFile> {
  const path = join(directory, name) as StorePath
  await writeFile(path, packed)
  return { path, compression: 'gzip', narHash: `sha256:${directory}${name}` }
}

const cacheIn = (t: Scope, directory: string, maxBytes: number, onDeletion?: DeletionListener) => {
  const cache = new UnpackCache(directory, maxBytes, SYSTEM_STORE, onDeletion)
  t.teardown(() => cache.close())
  return cache
}

void t.test('a file is unpacked once, for all who ask, and found again by the next process', async (t) => {
  const directory = await temporaryDirectory(t, 'unpacked')
  const [file] = await packedFiles(t, 1)
  if (file === undefined) return
  const cache = cacheIn(t, directory, 10 * MB)
  const uses = await Promise.all(Array.from({ length: 5 }, () => cache.use(file)))
  t.equal(new Set(uses.map(({ path }) => path)).size, 1)
  t.equal((await readdir(directory)).length, 1)
  const [use] = uses
  t.equal(use?.size, MB)
  t.ok(file.bytes.equals(await readFile(use?.path ?? '')), 'byte by byte')
  t.equal(cache.bytes, MB)
  for (const { release } of uses) release()
  await rm(file.path)
  const next = await cacheIn(t, directory, 10 * MB).use(file)
  t.equal(next.path, use?.path, 'without a look at the packed one')
})

void t.test('the least recently used goes first, and none that is in use', async (t) => {
  const directory = await temporaryDirectory(t, 'unpacked')
  const [a, b, c, d] = await packedFiles(t, 4)
  if (a === undefined || b === undefined || c === undefined || d === undefined) return
  const dropped: string[] = []
  const cache = cacheIn(t, directory, 3.5 * MB, ({ target, isDone }) => {
    if (isDone) dropped.push(target)
  })
  const useOf = async (file: PackedFile) => (await cache.use(file)).path
  const held = await cache.use(a)
  const atB = await cache.use(b)
  const atC = await cache.use(c)
  atB.release()
  atC.release()
  const again = await cache.use(b)
  again.release()
  await useOf(d)
  const names = await readdir(directory)
  t.strictSame(
    [held, atB, atC].map(({ path }) => names.some((name) => path.endsWith(name))),
    [true, true, false],
    'a was older, but in use; c was unused for longest',
  )
  t.equal(cache.bytes, 3 * MB)
  held.release()
  held.release()
  const remade = await cache.use(c)
  t.ok(c.bytes.equals(await readFile(remade.path)), 'made again, the same')
  t.notOk(
    (await readdir(directory)).some((name) => held.path.endsWith(name)),
    'in place of a, once it was released',
  )
  t.equal(cache.bytes, 3 * MB)
  t.strictSame(dropped, [atC.path, held.path], 'each that goes is told')
})

void t.test('an archive that needs the room of one in use has to wait', async (t) => {
  const directory = await temporaryDirectory(t, 'unpacked')
  const [a, b] = await packedFiles(t, 2)
  if (a === undefined || b === undefined) return
  const cache = cacheIn(t, directory, 1.5 * MB)
  const held = await cache.use(a)
  await t.rejects(cache.use(b), { name: 'RegistryError', kind: 'unavailable', message: /all in use/ })
  t.equal(cache.bytes, MB, 'nothing is left of it')
  t.equal((await readdir(directory)).length, 1)
  held.release()
  t.equal((await cache.use(b)).size, MB, 'and goes on when there is room')
})

void t.test(
  'what is larger than the cache, a bomb, or broken, is refused, and drops nothing for it',
  async (t) => {
    const directory = await temporaryDirectory(t, 'unpacked')
    const packed = await temporaryDirectory(t, 'packed')
    const [small, large] = await packedFiles(t, 2)
    if (small === undefined || large === undefined) return
    const cache = cacheIn(t, directory, 0.9 * MB)
    await t.rejects(cache.use(large), {
      name: 'RegistryError',
      kind: 'unservable',
      message: new RegExp(`^${large.path}: .*more than the 0.9 MB .*--cache-size`),
    })
    const wide = cacheIn(t, directory, 1000 * MB)
    ;(await wide.use(small)).release()
    const bomb = await packedFile(packed, 'bomb', gzipSync(Buffer.alloc(300 * MB), { level: 9 }))
    await t.rejects(wide.use(bomb), {
      name: 'RegistryError',
      kind: 'unservable',
      message: /bomb: .*200 times its size/,
    })
    const zeros = await packedFile(packed, 'zeros', gzipSync(Buffer.alloc(200 * MB)))
    t.equal((await wide.use(zeros)).size, 200 * MB, 'a small one may be all zeros')
    const cut = await packedFile(packed, 'cut', gzipSync(large.bytes).subarray(0, 500_000))
    await t.rejects(wide.use(cut), {
      name: 'RegistryError',
      kind: 'unservable',
      message: /cut: broken gzip: it is cut off/,
    })
    await writeFile(cut.path, gzipSync(large.bytes))
    await t.rejects(
      wide.use(cut),
      { name: 'RegistryError', kind: 'unservable' },
      'and isn\u2019t tried again',
    )
    t.equal((await readdir(directory)).length, 2)
    t.equal(wide.bytes, 201 * MB)
  },
)

void t.test(
  'what a killed process left unfinished is removed at the start, and its whole files stay',
  async (t) => {
    const directory = await temporaryDirectory(t, 'unpacked')
    const key = 'a'.repeat(64)
    const dead = await deadPid()
    await writeFile(join(directory, `${key}.${dead}-0.part`), 'x')
    await writeFile(join(directory, `${key}.${process.ppid}-0.part`), 'x')
    await writeFile(join(directory, `${'b'.repeat(64)}.tar`), Buffer.alloc(MB))
    await writeFile(join(directory, `${'c'.repeat(64)}.tar`), Buffer.alloc(MB))
    await writeFile(join(directory, 'notes.txt'), 'somebody\u2019s')
    const cache = cacheIn(t, directory, 5 * MB)
    t.equal(cache.bytes, 2 * MB)
    t.strictSame(
      (await readdir(directory)).sort(),
      [`${key}.${process.ppid}-0.part`, `${'b'.repeat(64)}.tar`, `${'c'.repeat(64)}.tar`, 'notes.txt'],
      'not what another process writes now',
    )
    t.equal(cacheIn(t, directory, MB).bytes, MB, 'a smaller size is kept from the start')
  },
)

void t.test('a file that was taken away, or is shorter than it was, is made again', async (t) => {
  const directory = await temporaryDirectory(t, 'unpacked')
  const [file] = await packedFiles(t, 1)
  if (file === undefined) return
  const cache = cacheIn(t, directory, 3 * MB)
  const first = await cache.use(file)
  await rm(first.path)
  t.ok(file.bytes.equals(await readFile((await cache.use(file)).path)))
  await writeFile(first.path, 'short')
  t.ok(file.bytes.equals(await readFile((await cache.use(file)).path)))
  t.equal(cache.bytes, MB)
})

void t.test('a full disk', { skip: missing('root') }, async (t) => {
  const directory = await temporaryDirectory(t, 'disk')
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'pushless-test', directory], {
    reject: false,
  })
  if (mounted.exitCode !== 0) {
    t.comment(`no tmpfs can be mounted here: ${mounted.stderr}`)
    return
  }
  t.teardown(() => execa('umount', ['--lazy', directory]).then(() => undefined))
  const packed = await temporaryDirectory(t, 'packed')
  const file = await packedFile(packed, 'four', gzipSync(randomBytes(4 * MB), { level: 1 }))
  const cache = cacheIn(t, directory, 10 * MB)
  for (let i = 0; i < 2; i++) {
    await t.rejects(cache.use(file), {
      name: 'RegistryError',
      kind: 'unavailable',
      message: /four .*no space left on the disk/,
    })
    t.strictSame(await readdir(directory), [], 'nothing is left of it')
  }
  t.equal(cache.bytes, 0)
  const [one] = await packedFiles(t, 1)
  t.equal(one === undefined ? 0 : (await cache.use(one)).size, MB, 'and what fits is served')
})

async function deadPid(): Promise<number> {
  const child = execa('true')
  const { pid = 0 } = child
  await child
  return pid
}
