/** kstatus' rules as tables. */
import t from 'tap'
import { judgeHealth } from '../../../src/delivery/health/judge-health.ts'
import { liveObject } from '../live-object.ts'
import { OBJECT_CASES } from './object-cases.ts'
import { WORKLOAD_CASES } from './workload-cases.ts'

const CASES = [...WORKLOAD_CASES, ...OBJECT_CASES]

void t.test('the health of', async (t) => {
  for (const [what, kind, parts, expected, reason, metadata = {}, facts = {}] of CASES) {
    const health = judgeHealth(liveObject(kind, 'web', parts, metadata), facts)
    t.equal(health.kind, expected, `${what}: ${health.reason}`)
    if (reason !== undefined) t.match(health.reason, reason, what)
  }
  t.equal(new Set(CASES.map(([what]) => what)).size, CASES.length)
})
