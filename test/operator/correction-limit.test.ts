/** How often one object is corrected by watch. */
import t from 'tap'
import { CorrectionLimit } from '../../src/operator/drift/correction-limit.ts'

void t.test('an object is corrected ten times a minute at most, and another one is not hurt', async (t) => {
  const limit = new CorrectionLimit()
  for (let i = 0; i < 10; i++) t.ok(limit.take('a', ['x', `once ${i}`], i * 1000))
  t.notOk(limit.take('a', ['x'], 10_000))
  t.notOk(limit.take('a', ['x', 'y'], 10_000))
  t.ok(limit.take('a', ['y'], 10_000), 'many objects may differ within a minute')
  t.ok(limit.take('b', ['x'], 10_000))
  t.ok(limit.take('a', ['x'], 60_000), 'the first one is a minute ago')
  t.notOk(limit.take('a', ['x'], 60_500))
  limit.forget('a')
  t.ok(limit.take('a', ['x'], 60_500))
})
