import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { FollowEvent } from '../../../src/registry/work/follow.ts'
import { workId } from '../../../src/registry/work/work-failure.ts'
import type { WorkJournal } from '../../../src/registry/work/work-journal.ts'
import { journalIn } from '../journal.ts'
import { BUILD, FAILURE, log } from '../journalled-work.ts'

async function followed(journal: WorkJournal, from = 0, limit = Infinity): Promise<readonly string[]> {
  const record = journal.get(workId(BUILD))
  if (record === undefined) throw new Error('nothing to follow')
  const got: string[] = []
  const events: AsyncGenerator<FollowEvent> = journal.follow(record, from, AbortSignal.timeout(20_000))
  for await (const event of events) {
    got.push(...(event.kind === 'state' ? [`[${event.record.state}]`] : event.lines))
    if (got.length >= limit) break
  }
  return got
}

void t.test('following', async (t) => {
  const journal = journalIn(t)
  journal.begin(BUILD)
  journal.hear(BUILD, { kind: 'started' })
  journal.hear(BUILD, log('one'))
  const all = Array.from({ length: 20 }, () => followed(journal))
  const late = followed(journal, 1)
  const left = await followed(journal, 0, 2)
  await setTimeout(100)
  journal.hear(BUILD, log('two'))
  await setTimeout(200)
  journal.hear(BUILD, log('three'))
  journal.hear(BUILD, { kind: 'failed', error: FAILURE })
  const expected = ['[running]', 'one', 'two', 'three', '[failed]']
  for (const got of await Promise.all(all)) t.strictSame(got, expected)
  t.strictSame(
    await late,
    expected.filter((line) => line !== 'one'),
    'from a line on',
  )
  t.strictSame(left, expected.slice(0, 2), 'one that leaves')
  t.strictSame(await followed(journal), ['one', 'two', 'three', '[failed]'], 'what is over')
  t.strictSame(await followed(journal, 3), ['[failed]'], 'what is over, from its end')
})
