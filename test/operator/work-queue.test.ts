/** The queue of the operator: one worker a key, lanes that don't delay each other, pauses after failures, a clean end. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../e2e/until.ts'
import { DUE, WorkQueue, type Outcome, type QueueOptions } from '../../src/operator/queue/work-queue.ts'

const DONE: Outcome = { kind: 'done', againMs: undefined }

function start(t: Test, options: Partial<QueueOptions> & Pick<QueueOptions, 'work'>) {
  const queue = new WorkQueue({
    laneOf: (key) => key.split('/')[0] ?? '',
    perLane: 1,
    onDefect: () => undefined,
    firstPauseMs: 10,
    random: () => 0.5,
    ...options,
  })
  const end = new AbortController()
  const running = queue.run(end.signal)
  const stop = async () => {
    end.abort(new Error('the end'))
    await running
  }
  t.teardown(stop)
  return { queue, stop }
}

void t.test('a key is worked on once at a time, and again where it was added meanwhile', async (t) => {
  const log: string[] = []
  const { queue } = start(t, {
    work: async (key, reasons) => {
      log.push(`begin ${[...reasons].join('+')}`)
      if (log.length === 1) for (const reason of ['b', 'c', 'b']) queue.add(key, reason)
      await delay(5)
      log.push('end')
      return DONE
    },
  })
  queue.add('a/1', 'a')
  await until(() => (log.length >= 4 && queue.running === 0 ? true : undefined))
  t.same(log, ['begin a', 'end', 'begin b+c', 'end'])
  t.equal(queue.waiting + queue.running, 0)
})

void t.test('a lane that is stuck delays no other', async (t) => {
  const done: string[] = []
  const { queue } = start(t, {
    work: async (key, _reasons, signal) => {
      if (key.startsWith('stuck')) await delay(60_000, undefined, { signal }).catch(() => undefined)
      done.push(key)
      return DONE
    },
  })
  for (const key of ['stuck/1', 'stuck/2', 'fine/1', 'fine/2']) queue.add(key, 'a')
  await until(() => (done.length >= 2 ? true : undefined))
  t.same(done, ['fine/1', 'fine/2'])
  t.equal(queue.running, 1)
  t.equal(queue.waiting, 1)
  queue.interrupt('stuck/1', new Error('changed'))
  await until(() => (done.length >= 3 ? true : undefined))
  t.same(done, ['fine/1', 'fine/2', 'stuck/1'])
})

void t.test('failures are tried again in growing pauses, also defects', async (t) => {
  const times: number[] = []
  const defects: unknown[] = []
  const begun = performance.now()
  const { queue } = start(t, {
    onDefect: (_key, error) => defects.push(error),
    work: async () => {
      times.push(performance.now() - begun)
      if (times.length === 4) throw new Error('a defect')
      return times.length === 5 ? DONE : { kind: 'failed', maxPauseMs: 30 }
    },
  })
  queue.add('a', 'x')
  await until(() => (times.length >= 5 ? true : undefined))
  await delay(40)
  t.equal(times.length, 5)
  t.equal(defects.length, 1)
  const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0))
  for (const [i, least] of [7, 14, 21].entries())
    t.ok((pauses[i] ?? 0) >= least, `pause ${i}: ${pauses[i] ?? 0}`)
})

void t.test('what is done comes again when it is due', async (t) => {
  const reasons: string[] = []
  const { queue } = start(t, {
    work: async (_key, given) => {
      reasons.push(...given)
      return { kind: 'done', againMs: reasons.length === 1 ? 10 : undefined }
    },
  })
  queue.add('a', 'x')
  await until(() => (reasons.length >= 2 ? true : undefined))
  await delay(20)
  t.same(reasons, ['x', DUE])
})

void t.test('the end aborts what goes on, and waits for it', async (t) => {
  const log: string[] = []
  const { queue, stop } = start(t, {
    work: async (_key, _reasons, signal) => {
      await delay(60_000, undefined, { signal }).catch(() => log.push('aborted'))
      await delay(10)
      log.push('ended')
      return { kind: 'done', againMs: 1 }
    },
  })
  queue.add('a', 'x')
  await stop()
  t.same(log, ['aborted', 'ended'])
  await delay(10)
  t.equal(log.length, 2, 'nothing begins any more')
})
