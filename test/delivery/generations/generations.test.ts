import t from 'tap'
import { keptHistory } from '../../../src/delivery/generations/attempt.ts'
import { previousGeneration } from '../../../src/delivery/generations/previous-generation.ts'
import {
  contentOf,
  partsOf,
  readSnapshot,
  writeSnapshot,
} from '../../../src/delivery/generations/snapshot.ts'
import type {
  DeliveryRecord,
  GenerationEntry,
  Outcome,
} from '../../../src/delivery/inventory/delivery-record.ts'
import { liveOf, objectOf, setOf } from '../objects.ts'

const NAME = { namespace: 'default', name: 'web' }

/** `d` is delivered, `u` unhealthy, `f` failed; each generation has other objects. */
function historyOf(outcomes: string): readonly GenerationEntry[] {
  const names: Readonly<Record<string, Outcome>> = { d: 'delivered', u: 'unhealthy', f: 'failed' }
  return outcomes.split('').map((letter, i) => ({
    generation: i + 1,
    revision: `r${i + 1}`,
    content: `c${i + 1}`,
    deliveredAt: '',
    by: '',
    outcome: names[letter] ?? 'failed',
    note: undefined,
    objects: 1,
  }))
}

void t.test('the newest generations are kept, and the last one that was delivered whole', (t) => {
  const cases: readonly (readonly [string, number, readonly number[]])[] = [
    ['ddd', 10, [1, 2, 3]],
    ['dddd', 2, [3, 4]],
    ['dfff', 2, [1, 3, 4]],
    ['dduf', 1, [2, 4]],
    ['fff', 2, [2, 3]],
  ]
  for (const [outcomes, limit, kept] of cases)
    t.same(
      keptHistory(historyOf(outcomes), limit).map(({ generation }) => generation),
      kept,
      `${outcomes}, ${limit}`,
    )
  t.end()
})

const record = (outcomes: string, underWay?: number): DeliveryRecord => ({
  name: NAME,
  cluster: 'c',
  history: historyOf(outcomes),
  attempt:
    underWay === undefined
      ? undefined
      : { id: 'i', generation: underWay, revision: 'r', startedAt: '', by: '' },
  inventory: [],
})

void t.test('a rollback goes to the last generation before that was delivered whole', (t) => {
  t.equal(previousGeneration(undefined), undefined)
  t.equal(previousGeneration(record('d')), undefined)
  t.equal(previousGeneration(record('dd')), 1)
  t.equal(previousGeneration(record('ddu')), 2)
  t.equal(previousGeneration(record('dfu')), 1)
  t.equal(previousGeneration(record('dd', 3)), 2, 'while another delivery is under way, or was killed')
  t.equal(previousGeneration(record('dd', 2)), 1, 'while drift of the newest is corrected')
  t.end()
})

void t.test('a snapshot gives the objects back, also in several parts', (t) => {
  const random = Array.from({ length: 60 }, () =>
    crypto.getRandomValues(Buffer.alloc(24_000)).toString('base64'),
  )
  const { objects } = setOf(random.map((data, i) => objectOf(`ConfigMap/c${i}`, { data: { data } })))
  const parts = writeSnapshot(NAME, { generation: 7, content: '0123456789abcdef' }, objects)
  t.ok(parts.length > 1)
  for (const part of parts) t.ok(JSON.stringify(part).length < 1_500_000)
  t.same(
    parts.map(({ metadata }) => metadata.name),
    parts.map((_, i) => `pushless-web-7-0123456789ab-${i}`),
  )
  const live = parts.map((part, i) => liveOf(part, String(i)))
  const [first] = live
  t.equal(first === undefined ? 0 : partsOf(first), parts.length)
  t.same(
    readSnapshot(live, 7).map(({ object }) => object),
    objects.map(({ desired }) => desired),
  )
  t.throws(() => readSnapshot(live.slice(0, -1), 7), SyntaxError)
  t.end()
})

void t.test('the content of a set is the same in any order of objects and keys', (t) => {
  const one = objectOf('ConfigMap/a', { data: { x: '1', y: '2' } })
  const same = objectOf('ConfigMap/a', { data: { y: '2', x: '1' } })
  const other = objectOf('ConfigMap/b')
  t.equal(contentOf(setOf([one, other]).objects), contentOf(setOf([other, same]).objects))
  t.not(contentOf(setOf([one]).objects), contentOf(setOf([other]).objects))
  t.end()
})
