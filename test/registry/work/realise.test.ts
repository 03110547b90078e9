import { workName } from '../../../src/store/work.ts'
import { setImmediate, setInterval } from 'node:timers/promises'
import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import type { BuildOutcome, Store, StoreEvent } from '../../../src/store/store.ts'
import { Realiser, type WorkLimits } from '../../../src/registry/work/realise.ts'
import { journalIn } from '../journal.ts'
import { memoryStore } from '../../store/memory-store.ts'
import { storePath } from '../../store-path.ts'

const DRV = storePath('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x.drv')
const PATH = storePath('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')
const OTHER_DRV = storePath('cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-y.drv')
const BUILD = { kind: 'build', derivation: DRV, output: 'out' } as const
const FETCH = { kind: 'fetch', path: PATH } as const
const FAILED: BuildOutcome = {
  kind: 'failed',
  status: 'PermanentFailure',
  message: 'builder failed\nwith exit code 1',
}
const LIMITS: WorkLimits = {
  buildsAtOnce: 2,
  fetchesAtOnce: 8,
  ofClient: 0,
  queued: 100,
  workMs: 0,
  silentMs: 0,
  fetchBytes: 0,
}
const ignore = () => undefined

/** Counts what is running, and does as it is told. */
function storeDoing(work: (onEvent: (event: StoreEvent) => void) => Promise<BuildOutcome>) {
  const facts = { begun: 0, running: 0, most: 0 }
  const run = async (onEvent: (event: StoreEvent) => void) => {
    facts.begun += 1
    facts.most = Math.max(facts.most, ++facts.running)
    try {
      return await work(onEvent)
    } finally {
      facts.running -= 1
    }
  }
  const store: Store = {
    ...memoryStore(),
    fetch: async (_path, onEvent) => void (await run(onEvent)),
    build: async (_derivation, _output, onEvent) => run(onEvent),
  }
  return { store, facts }
}

void t.test('work is done once, however many ask', async (t) => {
  const { store, facts } = storeDoing(async () => {
    await setImmediate()
    return { kind: 'done' }
  })
  const heard: string[] = []
  const realiser = new Realiser(store, LIMITS, journalIn(t), (work, { kind }) =>
    heard.push(`${kind} ${workName(work)}`),
  )
  await Promise.all([realiser.realise(BUILD), realiser.realise(BUILD), realiser.realise(BUILD)])
  t.equal(facts.begun, 1)
  t.strictSame(heard, [`queued ${DRV}!out`, `started ${DRV}!out`, `done ${DRV}!out`])
  await realiser.realise(BUILD)
  t.equal(facts.begun, 2, 'what is over may be asked for again')
})

void t.test('builds wait for each other, fetches hardly', async (t) => {
  for (const [kind, most] of [
    ['build', 2],
    ['fetch', 8],
  ] as const) {
    const { store, facts } = storeDoing(async () => {
      await setImmediate()
      return { kind: 'done' }
    })
    const realiser = new Realiser(store, LIMITS, journalIn(t), ignore)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        realiser.realise(
          kind === 'build'
            ? { ...BUILD, output: `o${i}` }
            : { kind: 'fetch', path: storePath(`bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x${i}`) },
        ),
      ),
    )
    t.strictSame(facts, { begun: 20, running: 0, most }, kind)
  }
})

void t.test('a failed build says why, with its last lines', async (t) => {
  const { store } = storeDoing(async (onEvent) => {
    onEvent({ kind: 'building', derivation: DRV })
    for (let i = 1; i <= 50; i++) onEvent({ kind: 'log', line: `line ${i}`, derivation: DRV })
    return FAILED
  })
  const heard: string[] = []
  const failure: unknown = await new Realiser(store, LIMITS, journalIn(t), (_work, { kind }) =>
    heard.push(kind),
  )
    .realise(BUILD)
    .catch((error: unknown) => error)
  t.match(failure, {
    name: 'RegistryError',
    kind: 'build-failed',
    message: 'nix build failed: builder failed',
    detail: {
      derivation: DRV,
      output: 'out',
      status: 'PermanentFailure',
      reason: 'builder failed\nwith exit code 1',
    },
  })
  t.strictSame(
    failure instanceof RegistryError ? failure.detail?.['log'] : undefined,
    Array.from({ length: 20 }, (_, i) => `line ${i + 31}`),
  )
  t.equal(heard.at(-1), 'failed')
  t.equal(heard.filter((kind) => kind === 'log').length, 50)
})

void t.test('a failure is remembered for a while, but for what may pass by itself', async (t) => {
  for (const [what, fails, times] of [
    ['a failed build', () => Promise.resolve(FAILED), 1],
    ['a full disk', () => Promise.resolve({ ...FAILED, status: 'TransientFailure' }), 3],
    [
      'a full disk at a download',
      () => Promise.resolve({ ...FAILED, message: 'write: No space left on device' }),
      3,
    ],
    ['a failed fetch', () => Promise.reject(new RegistryError('fetch-failed', 'no')), 1],
    ['Nix out of reach', () => Promise.reject(new RegistryError('unavailable', 'no')), 3],
    ['a defect', () => Promise.reject(new Error('no')), 3],
  ] as const) {
    const { store, facts } = storeDoing(fails)
    const realiser = new Realiser(store, LIMITS, journalIn(t), ignore)
    for (let i = 0; i < 3; i++) await t.rejects(realiser.realise(BUILD))
    t.equal(facts.begun, times, what)
    await t.rejects(realiser.realise({ ...BUILD, derivation: OTHER_DRV }))
    t.equal(facts.begun, times + 1, `${what}: other work is tried`)
  }
})

void t.test('a fetch and a build are told apart', async (t) => {
  const { store, facts } = storeDoing(async () => ({ kind: 'done' }))
  const realiser = new Realiser(store, LIMITS, journalIn(t), ignore)
  await Promise.all([realiser.realise(FETCH), realiser.realise(BUILD)])
  t.equal(facts.begun, 2)
})

void t.test('past the queue work is refused at once, and nothing that runs is', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { store } = storeDoing(async () => {
    await gate.promise
    return { kind: 'done' }
  })
  const realiser = new Realiser(store, { ...LIMITS, buildsAtOnce: 1, queued: 1 }, journalIn(t), ignore)
  const build = (output: string) => realiser.realise({ ...BUILD, output })
  const running = build('a')
  await setImmediate()
  const waiting = build('b')
  await setImmediate()
  await t.rejects(build('c'), Object.assign(new Error(), { kind: 'pending' }))
  const again = build('a')
  gate.resolve()
  await Promise.all([running, waiting, again])
  await build('c')
})

void t.test('work that takes too long, or says nothing, is given up with its log', async (t) => {
  for (const [limits, talks, reason] of [
    [{ workMs: 120 }, true, 'took longer than 0.12 s'],
    [{ silentMs: 60 }, false, 'said nothing for 0.06 s'],
  ] as const) {
    let gaveUp = false
    const build: Store['build'] = async (_derivation, _output, onEvent, signal) => {
      onEvent({ kind: 'log', line: 'begun', derivation: undefined })
      try {
        for await (const _ of setInterval(10, undefined, { signal: signal ?? AbortSignal.abort() })) {
          if (talks) onEvent({ kind: 'log', line: 'still here', derivation: undefined })
        }
      } catch {
        gaveUp = true
      }
      throw new RegistryError('unavailable', 'Nix is not reachable')
    }
    const realiser = new Realiser({ ...memoryStore(), build }, { ...LIMITS, ...limits }, journalIn(t), ignore)
    const error: unknown = await realiser.realise(BUILD).catch((cause: unknown) => cause)
    t.match(error, {
      kind: 'build-failed',
      message: `nix build ${reason}`,
      detail: { status: 'TimedOut', reason },
    })
    t.match(error, { detail: { log: talks ? /still here/ : ['begun'] } })
    t.ok(gaveUp, 'the work was told')
  }
})

const missing: Store['missing'] = async () => ({
  willBuild: [],
  willSubstitute: [PATH],
  unknown: [],
  downloadSize: 10,
  narSize: 1001,
  warnings: [],
})

void t.test('more than may be fetched is not begun', async (t) => {
  const { store, facts } = storeDoing(async () => ({ kind: 'done' }))
  const sized = { ...store, missing }
  const refused = new Realiser(sized, { ...LIMITS, fetchBytes: 1000 }, journalIn(t), ignore)
  await t.rejects(refused.realise(FETCH), Object.assign(new Error(), { kind: 'fetch-failed' }))
  await t.rejects(refused.realise(BUILD), Object.assign(new Error(), { kind: 'fetch-failed' }))
  t.equal(facts.begun, 0)
  await new Realiser(sized, { ...LIMITS, fetchBytes: 1001 }, journalIn(t), ignore).realise(FETCH)
  t.equal(facts.begun, 1)
})
