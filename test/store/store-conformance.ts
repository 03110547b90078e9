/** The answers that every store must give, so that no other test rests on a store in memory that nobody checked. */
import type { Test } from 'tap'
import { storeHashOf, type StorePath } from '../../src/core/nix/store-path.ts'
import type { Store, StoreEvent } from '../../src/store/store.ts'
import { storePath } from '../store-path.ts'

/** What every store holds when the test begins. */
export type FetchingWorld = {
  /** Valid, and refers to `reference` alone. */
  readonly root: StorePath
  readonly reference: StorePath
  /** Not in the store, and a cache has it. */
  readonly cached: StorePath
}

/** What a store that also builds holds when the test begins. */
export type ConformanceWorld = FetchingWorld & {
  /** In the store, and never built; its output `out` is `made`. */
  readonly derivation: StorePath
  readonly made: StorePath
  /** In the store; its build fails and says why. */
  readonly broken: StorePath
}

/** No store has it. */
const ABSENT = storePath(`${'0'.repeat(32)}-nobody-made-this`)

/** The answers of a store that fetches, builds and takes additions. */
export async function testStore(t: Test, store: Store, world: ConformanceWorld): Promise<void> {
  await testFetchingStore(t, store, world)
  const { root, derivation, made, broken } = world

  t.strictSame(await store.derivers(made), [derivation], 'the derivation of a path that was never built')
  t.equal((await store.derivation(derivation)).outputs.get('out'), made)
  t.match(await store.missing([{ kind: 'build', derivation, output: 'out' }]), {
    willBuild: [derivation],
    willSubstitute: [],
    unknown: [],
  })

  const roots = await store.openRoots()
  await roots.add(made)
  const events: StoreEvent[] = []
  const hear = (event: StoreEvent): void => void events.push(event)
  t.strictSame(await store.build(derivation, 'out', hear), { kind: 'done' })
  t.ok(events.some((event) => event.kind === 'building' && event.derivation === derivation))
  t.equal(await store.isValid(made), true)
  t.equal((await store.info(made))?.isBuiltHere, true)
  t.equal((await store.info(made))?.deriver, derivation)
  t.strictSame(await store.build(derivation, 'out', ignore), { kind: 'done' }, 'again')
  t.match(await store.build(broken, 'out', ignore), { kind: 'failed', status: /Failure$/, message: /./ })

  const { signal } = new AbortController()
  const addition = { name: 'text', method: 'text' as const, references: [root] }
  const added = await store.add({ ...addition, content: text(`${root}\n`) }, signal)
  t.match(added, /-text$/)
  t.match(await store.info(added), { references: [root], contentAddress: /^text:sha256:/ })
  const refused = store.add({ ...addition, references: [ABSENT], content: text('x') }, signal)
  t.match(await rejection(refused), { kind: 'malformed' })

  t.equal(roots.isOpen, true, 'nothing of all that ended the roots')
  roots.close()
}

/** The answers of a store that only fetches. */
export async function testFetchingStore(
  t: Test,
  store: Store,
  { root, reference, cached }: FetchingWorld,
): Promise<void> {
  t.ok(store.name.length > 0)
  t.match(await store.connect(), /^\d+\.\d+/)
  await store.ping()

  t.equal(await store.isValid(root), true)
  t.equal(await store.isValid(ABSENT), false)
  t.equal(await store.pathFromHash(storeHashOf(root)), root)
  t.equal(await store.pathFromHash(storeHashOf(ABSENT)), undefined)
  t.strictSame(await store.valid([ABSENT, root]), [root])
  t.match(await store.info(root), { path: root, narHash: /^[0-9a-f]{64}$/, references: [reference] })
  t.ok(((await store.info(root))?.narSize ?? 0) > 0)
  t.equal(await store.info(ABSENT), undefined)
  t.equal(await store.narHash(root), (await store.info(root))?.narHash)
  t.match(await rejection(store.narHash(ABSENT)), { kind: 'unavailable' })

  const closure = await store.closure(root)
  t.strictSame(closure.map(({ path }) => path).toSorted(), [root, reference].toSorted())
  t.match(await rejection(store.closure(ABSENT)), { kind: 'unavailable' })

  t.strictSame(await store.derivers(ABSENT), [])
  t.match(await rejection(store.derivation(reference)), { kind: 'unservable' })

  t.match(await store.missing([{ kind: 'fetch', path: root }]), {
    willBuild: [],
    willSubstitute: [],
    unknown: [],
  })
  t.match(await store.missing([{ kind: 'fetch', path: ABSENT }]), {
    willBuild: [],
    willSubstitute: [],
    unknown: [ABSENT],
  })
  t.match(await store.missing([{ kind: 'fetch', path: cached }]), {
    willBuild: [],
    willSubstitute: [cached],
    unknown: [],
  })

  const roots = await store.openRoots()
  t.equal(roots.isOpen, true)
  await roots.add(ABSENT)
  await roots.add(cached)

  const events: StoreEvent[] = []
  const hear = (event: StoreEvent): void => void events.push(event)
  await store.fetch(cached, hear)
  t.ok(events.some((event) => event.kind === 'substituting' && event.path === cached))
  t.equal(await store.isValid(cached), true)
  t.equal((await store.info(cached))?.isBuiltHere, false)
  await store.fetch(cached, ignore)
  t.match(await rejection(store.fetch(ABSENT, ignore)), { kind: 'fetch-failed' })

  t.equal(roots.isOpen, true, 'nothing of all that ended the roots')
  roots.close()
  t.equal(roots.isOpen, false)
}

function ignore(): void {}

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(ignore, (error: unknown) => error)
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content)
}
