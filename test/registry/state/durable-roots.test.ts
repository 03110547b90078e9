import { lstat, lutimes, mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Deletion } from '../../../src/core/deletion.ts'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { STORE_DIR } from '../../../src/core/nix/store-path.ts'
import type { Store } from '../../../src/store/store.ts'
import { DurableRoots } from '../../../src/registry/state/durable-roots.ts'
import { memoryStore } from '../../store/memory-store.ts'
import { storePath } from '../../store-path.ts'

const DAY = 24 * 3_600_000
const NOW = Date.UTC(2030, 0, 1)
const A = storePath('a')
const LINK = A.slice(STORE_DIR.length + 1)

/** A Nix that is told of roots; the real one's garbage collector is in test/e2e/gc.test.ts. */
function nixTold() {
  const told: string[] = []
  const failure: { next: Error | undefined } = { next: undefined }
  const store: Store = {
    ...memoryStore(),
    addRoot: async (link) => {
      if (failure.next !== undefined) throw failure.next
      told.push(link)
    },
  }
  return { store, told, failure }
}

void t.test('a root is a link, as young as the last pull', async (t) => {
  const state = t.testdir()
  const { store, told } = nixTold()
  const roots = new DurableRoots(store, state, 7)
  await roots.keep(A, NOW)
  const link = join(state, 'roots', LINK)
  t.equal(await readlink(link), A)
  t.equal((await lstat(link)).mtimeMs, NOW)
  t.strictSame(told, [link])
  t.equal(roots.size, 1)
  await roots.keep(A, NOW + 1000)
  t.equal((await lstat(link)).mtimeMs, NOW, 'written at most once an hour')
  await roots.keep(A, NOW + DAY)
  t.equal((await lstat(link)).mtimeMs, NOW + DAY)
  t.equal(roots.size, 1)
  t.strictSame(await readdir(join(state, 'roots')), [LINK], 'and nothing else is left there')
})

void t.test('roots of an earlier process are taken over', async (t) => {
  const state = t.testdir({ roots: {} })
  const link = join(state, 'roots', LINK)
  await symlink('/elsewhere', link)
  await symlink('/elsewhere', `${link}.${process.pid}.part`)
  await new DurableRoots(nixTold().store, state, 7).keep(A, NOW)
  t.equal(await readlink(link), A)
  t.strictSame(await readdir(join(state, 'roots')), [LINK])
})

void t.test('roots that got too old go, and those whose path is gone', async (t) => {
  const state = t.testdir({ there: '' })
  const folder = join(state, 'roots')
  await mkdir(folder)
  const add = async (name: string, target: string, days: number) => {
    await symlink(target, join(folder, name))
    await lutimes(join(folder, name), (NOW - days * DAY) / 1000, (NOW - days * DAY) / 1000)
  }
  await add('young', join(state, 'there'), 6.9)
  await add('old', join(state, 'there'), 7.1)
  await add('gone', join(state, 'not-there'), 1)
  const gone: Deletion[] = []
  const roots = new DurableRoots(nixTold().store, state, 7, (deletion) => gone.push(deletion))
  await roots.sweep(NOW)
  t.match(
    gone.toSorted((a, b) => a.target.localeCompare(b.target)),
    [
      { target: join(folder, 'gone'), reason: /not in the store/ },
      { target: join(folder, 'old'), reason: /--keep/ },
    ],
  )
  t.strictSame(await readdir(folder), ['young'])
  t.equal(roots.size, 1)
  await new DurableRoots(nixTold().store, state, 0).sweep(NOW)
  t.strictSame(await readdir(folder), [], 'with --keep 0 all of them')
})

void t.test('--keep 0 makes none', async (t) => {
  const state = t.testdir()
  const { store, told } = nixTold()
  await new DurableRoots(store, state, 0).keep(A, NOW)
  t.strictSame(told, [])
  t.strictSame(await readdir(state), [])
})

void t.test('a root that failed is tried again by the next pull', async (t) => {
  const { store, told, failure } = nixTold()
  const state = t.testdir()
  const roots = new DurableRoots(store, state, 7)
  failure.next = new RegistryError('unavailable', 'Nix is not reachable')
  await t.rejects(roots.keep(A, NOW), { kind: 'unavailable', message: 'Nix is not reachable' })
  failure.next = undefined
  await roots.keep(A, NOW)
  t.equal(told.length, 1)
  await rm(join(state, 'roots'), { recursive: true })
  await writeFile(join(state, 'roots'), 'in the way')
  await t.rejects(roots.keep(storePath('b'), NOW), { kind: 'unavailable', message: /no root for .*-b in/ })
})
