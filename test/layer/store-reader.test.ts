import { asByteString } from '../../src/core/byte-string.ts'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import { layerFrame, type LayerEntry } from '../../src/core/tar/segment.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import { packEntries } from '../../src/layer/packed-entries.ts'
import { PageCache } from '../../src/layer/packed-frame.ts'
import { BufferPool } from '../../src/layer/buffer-pool.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { makeStorePath, withoutNix } from '../nix/real-store.ts'
import { until } from '../e2e/until.ts'
import { seededRandom } from '../seeded-random.ts'

const directory = mkdtempSync(join(tmpdir(), 'store-reader-'))
const reader = new StoreReader(2, SYSTEM_STORE)
t.teardown(async () => {
  await reader.close()
  rmSync(directory, { recursive: true })
})

const MEGABYTE = 2 ** 20
/** Bytes of a buffer. */
const SIZE = 16 * 1024
const NOWHERE = join(directory, 'nowhere') as StorePath

void t.test('the frame and digest of entries', async (t) => {
  const content = Buffer.from('content')
  const entries: readonly LayerEntry[] = [
    { kind: 'directory', name: asByteString('etc'), mode: 0o755 },
    { kind: 'file', name: asByteString('etc/file'), mode: 0o444, size: content.length, content },
  ]
  const expected = layerFrame(entries).page(0)
  const packed = await packEntries(entries, setImmediate)
  const frame = new PageCache(MEGABYTE).open(packed.frame)
  t.ok(Buffer.from(frame.page(0).bytes).equals(expected.bytes))
  t.equal(frame.size, expected.size)
  t.strictSame(await reader.digest(packed), {
    digest: `sha256:${createHash('sha256').update(expected.bytes).digest('hex')}`,
    size: expected.size,
  })
})

void t.test('the layer of a store path is the same for ever', { skip: withoutNix }, async (t) => {
  const path = await makeStorePath('unit-format-1', async (path) => {
    await mkdir(join(path, 'bin'), { recursive: true })
    await writeFile(join(path, 'bin', 'run'), '#!/bin/sh\necho run\n', { mode: 0o755 })
    await writeFile(join(path, 'empty'), '')
    await writeFile(join(path, 'größe'), 'x'.repeat(2_000_000))
    await symlink('bin/run', join(path, 'link'))
  })
  // Nix names what is added by its content: a path of another hash would be another tree.
  t.equal(path, '/nix/store/70lm8p3vrzcs62363q8hp1flifq5nmq3-unit-format-1')
  // Walk, headers and contents together: another digest means format 2 (see core/tar/tar-header.ts).
  t.strictSame(await reader.digest({ kind: 'paths', paths: [path] }), {
    digest: 'sha256:b82f2546b18cb97b3826f02b2776ab3a3b5ecb898cb1f08cc50fb1327bf25c5f',
    size: 2_007_040,
  })
  const frame = new PageCache(MEGABYTE).open(await reader.frame({ kind: 'paths', paths: [path] }))
  t.equal(frame.size, 2_007_040)
  t.strictSame(frame.page(0).paths, [`${path}/bin/run`, Buffer.from(`${path}/größe`).toString('latin1')])
})

void t.test('the frame of a large layer comes with its digest', async (t) => {
  const path = join(directory, 'large') as StorePath
  await mkdir(path)
  const random = seededRandom(5)
  const letters = () => Array.from({ length: 60 }, () => String.fromCodePoint(97 + random.below(26))).join('')
  // Names that pack badly, so that few files are a large layer.
  for (let i = 0; i < 2_000; i++) writeFileSync(join(path, letters()), 'x'.repeat(i % 3))
  const { frame, size } = await reader.digest({ kind: 'paths', paths: [path] })
  t.ok(isDeepStrictEqual(frame, await reader.frame({ kind: 'paths', paths: [path] })))
  t.equal(frame?.size, size)
})

void t.test('a file is read into the buffer that is given, by each thread that hears of it', async (t) => {
  const path = join(directory, 'file')
  writeFileSync(path, '0123456789')
  const pool = new BufferPool(0)
  const [, buffer] = [pool.take(SIZE), pool.take(SIZE)]
  const part = { path: asByteString(path), length: 4, fileSize: 10, at: 1 }
  const text = () => Buffer.from(buffer.slab.memory).toString('latin1', buffer.start + 1, buffer.start + 5)
  // One thread after the other, and each again.
  for (const offset of [2, 3, 4, 5]) {
    await Promise.all([
      reader.digest({ kind: 'paths', paths: [] }),
      reader.read([{ ...part, offset }], buffer),
    ])
    t.equal(text(), '0123456789'.slice(offset, offset + 4))
  }
  reader.forget(buffer.slab)
  await reader.read([{ ...part, offset: 0 }], buffer)
  t.equal(text(), '0123', 'one that was forgotten is made known again')
})

void t.test('failures come back as what they are', async (t) => {
  const gone = { name: 'RegistryError', kind: 'unavailable', message: `store path vanished: ${NOWHERE}` }
  await t.rejects(reader.frame({ kind: 'paths', paths: [NOWHERE] }), gone)
  await t.rejects(reader.digest({ kind: 'paths', paths: [NOWHERE] }), gone)
  const part = { path: NOWHERE, offset: 0, length: 1, fileSize: 1, at: 0 }
  await t.rejects(reader.read([part], new BufferPool(0).take(SIZE)), {
    name: 'RegistryError',
    kind: 'unavailable',
  })
  const whiteout = join(directory, 'tree') as StorePath
  await mkdir(join(whiteout, '.wh.x'), { recursive: true })
  await t.rejects(reader.digest({ kind: 'paths', paths: [whiteout] }), {
    name: 'RegistryError',
    kind: 'unservable',
    detail: { path: `${whiteout}/.wh.x` },
  })
})

void t.test('much asked at once is all answered', async (t) => {
  const paths = Array.from({ length: 40 }, (_, i) => {
    const path = join(directory, `many-${i}`)
    writeFileSync(path, `content ${i}`)
    return path as StorePath
  })
  const [digests, failures] = await Promise.all([
    Promise.all(paths.map((path) => reader.digest({ kind: 'paths', paths: [path] }))),
    Promise.allSettled(paths.map(() => reader.frame({ kind: 'paths', paths: [NOWHERE] }))),
  ])
  t.equal(new Set(digests.map(({ digest }) => digest)).size, 40)
  t.ok(failures.every(({ status }) => status === 'rejected'))
})

void t.test('a closed reader refuses, and lets nobody wait', async (t) => {
  const other = new StoreReader(2, SYSTEM_STORE)
  const nothing = { kind: 'paths', paths: [] } as const
  const running = other.digest(nothing)
  const ended = Promise.allSettled([running])
  await other.close()
  await ended
  await t.rejects(other.digest(nothing), /closed/)
})

void t.test('a thread that dies takes its own work with it, and the next work finds another', async (t) => {
  // Ends at the first job, and later ones of its kind too.
  const dying = new URL(
    'data:text/javascript,' +
      encodeURIComponent(
        'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(1))',
      ),
  )
  const other = new StoreReader(1, SYSTEM_STORE, dying)
  t.teardown(() => other.close())
  for (let i = 0; i < 3; i++) {
    await t.rejects(
      other.digest({ kind: 'paths', paths: [] }),
      { name: 'RegistryError', kind: 'unavailable' },
      `try ${i}`,
    )
  }
})

void t.test('threads are started for work: none before, one when it is announced', async (t) => {
  const other = new StoreReader(2, SYSTEM_STORE)
  t.teardown(() => other.close())
  t.equal(other.threads, 0)
  other.prepare()
  other.prepare()
  t.equal(other.threads, 1)
  t.match(await other.digest({ kind: 'paths', paths: [] }), { digest: /^sha256:/ })
})

void t.test('another thread is added at once for a large layer', async (t) => {
  const other = new StoreReader(2, SYSTEM_STORE)
  t.teardown(() => other.close())
  const nothing = { kind: 'paths', paths: [] } as const
  await other.digest(nothing)
  const large = other.digest(nothing, 100 * MEGABYTE)
  t.equal(other.threads, 2)
  await large
})

void t.test('another thread is added where the first one has been busy for a while', async (t) => {
  const other = new StoreReader(2, SYSTEM_STORE)
  t.teardown(() => other.close())
  const module = new URL(
    'data:text/javascript,export const run = () => new Promise((resolve) => setTimeout(resolve, 5_000))',
  )
  let isBusy = true
  const call = other.call(module, {}).finally(() => (isBusy = false))
  await until(() => other.threads === 2 || undefined)
  await other.digest({ kind: 'paths', paths: [] })
  t.ok(isBusy, 'the second has done what the first had no time for')
  await call
})

void t.test('what waits for a thread is refused when the reader is closed', async (t) => {
  const other = new StoreReader(1, SYSTEM_STORE)
  const jobs = Promise.allSettled(Array.from({ length: 5 }, () => other.digest({ kind: 'paths', paths: [] })))
  await other.close()
  other.prepare()
  t.equal(other.threads, 0)
  for (const { status } of await jobs) t.equal(status, 'rejected')
})
