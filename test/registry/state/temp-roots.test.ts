import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { type StorePath } from '../../../src/core/nix/store-path.ts'
import type { HeldRoots, Store } from '../../../src/store/store.ts'
import { TempRoots } from '../../../src/registry/state/temp-roots.ts'
import { memoryStore } from '../../store/memory-store.ts'
import { storePath } from '../../store-path.ts'

const MINUTE = 60_000
const GENERATION = 15 * MINUTE

const [A, B] = [storePath('a'), storePath('b')]

type Connection = { isOpen: boolean; busy: boolean; readonly paths: StorePath[] }

/** Connections for roots, and what each keeps. */
function storeWithRoots() {
  const connections: Connection[] = []
  const failure: { next: Error | undefined } = { next: undefined }
  const store: Store = {
    ...memoryStore(),
    openRoots: async () => {
      if (failure.next !== undefined) throw failure.next
      const connection: Connection = { isOpen: true, busy: false, paths: [] }
      connections.push(connection)
      const roots: HeldRoots = {
        get isOpen() {
          return connection.isOpen
        },
        add: async (path) => {
          if (connection.busy) throw new Error('two requests at a time')
          connection.busy = true
          await setImmediate()
          connection.busy = false
          connection.paths.push(path)
        },
        close: () => {
          connection.isOpen = false
        },
      }
      return roots
    },
  }
  return { store, connections, failure }
}

mock.timers.enable({ apis: ['setInterval'] })
t.teardown(() => mock.timers.reset())

void t.test('paths are kept on one connection, each once, one request at a time', async (t) => {
  const { store, connections } = storeWithRoots()
  const roots = new TempRoots(store)
  t.teardown(() => roots.close())
  t.equal(roots.has(A), false)
  await Promise.all([roots.add(A), roots.add(B), roots.add(storePath('c'))])
  await roots.add(A)
  t.equal(roots.has(A), true)
  t.strictSame(
    connections.map(({ paths }) => paths),
    [[A, B, storePath('c')]],
  )
})

void t.test('a path is kept for at least a generation after its last use, and then let go', async (t) => {
  const { store, connections } = storeWithRoots()
  const roots = new TempRoots(store)
  t.teardown(() => roots.close())
  const kept = (path: StorePath) => connections.some(({ isOpen, paths }) => isOpen && paths.includes(path))
  await roots.add(A)
  await roots.add(B)
  mock.timers.tick(GENERATION)
  t.ok(kept(A) && kept(B), 'after one generation both are there')
  t.equal(roots.has(A), false, 'but not for another')
  await roots.add(A)
  mock.timers.tick(GENERATION)
  t.ok(kept(A), 'what was used is there after two')
  t.notOk(kept(B), 'what was not is let go')
  mock.timers.tick(2 * GENERATION)
  t.strictSame(
    connections.map(({ isOpen }) => isOpen),
    [false, false],
    'and no connection lies idle for ever',
  )
})

void t.test('a connection that was lost is replaced, and its paths are kept anew', async (t) => {
  const { store, connections } = storeWithRoots()
  const roots = new TempRoots(store)
  t.teardown(() => roots.close())
  await roots.add(A)
  const [first] = connections
  if (first !== undefined) first.isOpen = false
  t.equal(roots.has(A), false)
  await roots.add(A)
  t.strictSame(connections.at(1)?.paths, [A])
})

void t.test('a failure is told, and the next try is a new one', async (t) => {
  const { store, failure, connections } = storeWithRoots()
  const roots = new TempRoots(store)
  t.teardown(() => roots.close())
  failure.next = new RegistryError('unavailable', 'Nix is not reachable')
  await t.rejects(roots.add(A), { name: 'RegistryError', kind: 'unavailable' })
  await t.rejects(roots.connect(), { name: 'RegistryError' })
  t.equal(roots.has(A), false)
  failure.next = undefined
  await roots.connect()
  await roots.add(A)
  t.equal(roots.has(A), true)
  t.equal(connections.length, 1)
})

void t.test('closing lets everything go', async (t) => {
  const { store, connections } = storeWithRoots()
  const roots = new TempRoots(store)
  await roots.add(A)
  mock.timers.tick(GENERATION)
  await roots.add(B)
  roots.close()
  t.strictSame(
    connections.map(({ isOpen }) => isOpen),
    [false, false],
  )
})
