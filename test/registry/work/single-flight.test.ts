import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { SingleFlight, within } from '../../../src/registry/work/single-flight.ts'

void t.test('work for one key is done once, and its result is for all', async (t) => {
  const flight = new SingleFlight<number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  let begun = 0
  const work = () => {
    begun += 1
    return promise
  }
  const all = [flight.run('a', work), flight.run('a', work), flight.run('a', work)]
  t.equal(begun, 1)
  t.equal(flight.size, 1)
  resolve(7)
  t.strictSame(await Promise.all(all), [7, 7, 7])
  t.equal(flight.size, 0)
})

void t.test('other keys are other work', async (t) => {
  const flight = new SingleFlight<string>()
  t.strictSame(await Promise.all(['a', 'b'].map((key) => flight.run(key, async () => key))), ['a', 'b'])
})

void t.test('finished work is done again', async (t) => {
  const flight = new SingleFlight<number>()
  let count = 0
  const work = async () => ++count
  t.equal(await flight.run('a', work), 1)
  t.equal(await flight.run('a', work), 2)
})

void t.test('a failure is for all who waited, and not remembered', async (t) => {
  const flight = new SingleFlight<number>()
  const { promise, reject } = Promise.withResolvers<number>()
  const all = [flight.run('a', () => promise), flight.run('a', () => promise)]
  reject(new Error('broken'))
  for (const each of all) await t.rejects(each, { message: 'broken' })
  t.equal(await flight.run('a', async () => 1), 1)
})

void t.test('work that would wait for itself is refused', async (t) => {
  const flight = new SingleFlight<string>((keys) => new Error(`circle ${keys.join('')}`))
  /** Work that asks for the next letters, at once or one after the other. */
  const asks =
    (names: Readonly<Record<string, string>>, key: string): (() => Promise<string>) =>
    async () => {
      await setTimeout(1)
      const next = await Promise.all(
        (names[key] ?? '').split('').map((one) => flight.run(one, asks(names, one))),
      )
      return key + next.join('')
    }
  const run = (names: Readonly<Record<string, string>>, key: string) => flight.run(key, asks(names, key))
  await t.rejects(run({ a: 'a' }, 'a'), { message: 'circle a' }, 'itself')
  await t.rejects(run({ a: 'b', b: 'a' }, 'a'), { message: 'circle ab' }, 'each other')
  await t.rejects(run({ a: 'bc', b: 'c', c: 'd', d: 'eb', e: '' }, 'a'), { message: /^circle / }, 'later on')
  const both = { a: 'b', b: 'c', c: 'a' }
  const all = await Promise.allSettled([run(both, 'a'), run(both, 'b'), run(both, 'c')])
  t.strictSame(
    all.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
    'begun apart',
  )
  t.equal(await run({ a: 'bc', b: 'd', c: 'd' }, 'a'), 'abdcd', 'what two ask for is no circle')
  t.equal(await flight.run('x', async () => (await run({}, 'y')) + (await run({}, 'y'))), 'yy', 'nor twice')
  const self = flight.run('s', () => flight.run('s', async () => ''))
  await t.rejects(self, { message: 'circle s' }, 'without a pause')
  t.equal(flight.size, 0)
})

void t.test('a failure that nobody waits for harms nobody', async (t) => {
  const flight = new SingleFlight<number>()
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  flight.run('a', async () => Promise.reject(new Error('broken'))).catch(() => undefined)
  void flight
    .run('b', async () => Promise.reject(new Error('broken')))
    .then(
      () => undefined,
      () => undefined,
    )
  await setTimeout(20)
  t.strictSame(unhandled, [])
  t.equal(flight.size, 0)
})

void t.test('waiting at most so long', async (t) => {
  const never = new Promise<number>(() => undefined)
  const start = performance.now()
  t.equal(await within(never, 30), undefined)
  const waited = performance.now() - start
  t.ok(waited >= 25 && waited < 1000, 'as long as was said', { waited })
  t.strictSame(await within(Promise.resolve(1), 10_000), { value: 1 })
  t.strictSame(
    await within(Promise.resolve(undefined), 10_000),
    { value: undefined },
    'nothing is a result too',
  )
  t.strictSame(await within(Promise.resolve(1), 0), { value: 1 }, 'what is there needs no waiting')
  await t.rejects(within(Promise.reject(new Error('broken')), 10_000), { message: 'broken' })
  const late = setTimeout(40).then(() => {
    throw new Error('too late')
  })
  late.catch(() => undefined)
  t.equal(await within(late, 5), undefined, 'a failure after that is for who comes back')
})

void t.test('work goes on when nobody waits for it any more', async (t) => {
  const flight = new SingleFlight<number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  t.equal(
    await within(
      flight.run('a', () => promise),
      1,
    ),
    undefined,
  )
  t.equal(flight.size, 1)
  const again = flight.run('a', async () => 2)
  resolve(1)
  t.equal(await again, 1)
})
