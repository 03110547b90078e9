/** How often one profile is corrected by watch. */
import t from 'tap'
import { CorrectionLimit } from '../../src/operator/drift/correction-limit.ts'

void t.test('a profile is corrected ten times a minute at most, and another one is not hurt', async (t) => {
  const limit = new CorrectionLimit()
  for (let i = 0; i < 10; i++) t.ok(limit.take('a', i * 1000))
  t.notOk(limit.take('a', 10_000))
  t.ok(limit.take('b', 10_000))
  t.ok(limit.take('a', 60_000), 'the first one is a minute ago')
  t.notOk(limit.take('a', 60_500))
  limit.forget('a')
  t.ok(limit.take('a', 60_500))
})
