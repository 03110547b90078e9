import t from 'tap'
import { ReadingLane } from '../../../src/http/check/reading-lane.ts'

void t.test('one at a time, the smallest first', async (t) => {
  const lane = new ReadingLane(10)
  const order: number[] = []
  let running = 0
  const task = (size: number) =>
    lane.run(size, async () => {
      running += 1
      t.equal(running, 1)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      order.push(size)
      return size
    })
  t.same(await Promise.all([9, 5, 7, 1, 5].map(task)), [9, 5, 7, 1, 5])
  t.same(order, [9, 1, 5, 5, 7], 'the first had begun already')
  t.equal(await task(3), 3, 'and it goes on afterwards')
})

void t.test('beyond the limit the largest is refused', async (t) => {
  const lane = new ReadingLane(2)
  const results = await Promise.allSettled([1, 8, 9, 5, 20].map((size) => lane.run(size, async () => size)))
  t.match(results, [
    { value: 1 },
    { value: 8 },
    { reason: { kind: 'busy' } },
    { value: 5 },
    { reason: { kind: 'busy' } },
  ])
})

void t.test('a task that fails lets the next begin', async (t) => {
  const lane = new ReadingLane(2)
  const [failed, next] = await Promise.allSettled([
    lane.run(1, () => Promise.reject(new Error('broken'))),
    lane.run(2, async () => 2),
  ])
  t.match([failed, next], [{ reason: { message: 'broken' } }, { value: 2 }])
})
