import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { askedBy as askedByClient } from '../../src/core/asker.ts'
import { FairLimit } from '../../src/core/fair-limit.ts'

const askedBy = <T>(key: string, run: () => T): T =>
  askedByClient({ key, subject: key, address: '', requestId: '' }, run)

void t.test('clients take turns', async (t) => {
  const limit = new FairLimit(2)
  const order: string[] = []
  const run = async (asker: string, name: string) =>
    askedBy(asker, async () =>
      limit.run(async () => {
        await setTimeout(1)
        order.push(name)
      }),
    )
  const all = [
    ...Array.from({ length: 6 }, async (_, i) => run('a', `a${i}`)),
    run('b', 'b0'),
    run('b', 'b1'),
    run('c', 'c0'),
  ]
  t.equal(limit.countOf('a'), 6)
  t.equal(limit.waiting, 7)
  await Promise.all(all)
  t.ok(order.indexOf('b0') < order.indexOf('a4'), order.join(' '))
  t.ok(order.indexOf('c0') < order.indexOf('a4'), order.join(' '))
  t.same(
    order.filter((name) => name.startsWith('a')),
    ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'],
    'each in its order',
  )
  t.equal(limit.countOf('a'), 0)
  t.equal(limit.waiting, 0)
})

void t.test('one client leaves room for others', async (t) => {
  const limit = new FairLimit(3, 2)
  let running = 0
  let most = 0
  const task = async () => {
    most = Math.max(most, ++running)
    await setTimeout(2)
    running -= 1
  }
  await Promise.all(Array.from({ length: 10 }, async () => askedBy('a', async () => limit.run(task))))
  t.equal(most, 2)
  const end = Promise.withResolvers<undefined>()
  const slow = askedBy('a', async () =>
    Promise.all([1, 2, 3].map(async () => limit.run(async () => end.promise))),
  )
  await askedBy('b', async () => limit.run(async () => undefined))
  end.resolve(undefined)
  t.same(await slow, [undefined, undefined, undefined], 'another does not wait')
})

void t.test('a task that fails ends its turn', async (t) => {
  const limit = new FairLimit(1)
  await t.rejects(
    limit.run(async () => Promise.reject(new Error('no'))),
    /no/,
  )
  t.equal(await limit.run(async () => 1), 1)
})
