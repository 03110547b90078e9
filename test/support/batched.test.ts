import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { batched } from './batched.ts'

void t.test('requests that come while a command runs share the next one', async (t) => {
  const runs: (readonly number[])[] = []
  const double = batched(async (inputs: readonly number[]) => {
    runs.push(inputs)
    await setTimeout(10)
    return inputs.map((input) => input * 2)
  })
  t.equal(await double(1), 2)
  t.strictSame(await Promise.all([double(2), double(3), setTimeout(5).then(() => double(4))]), [4, 6, 8])
  t.strictSame(runs, [[1], [2, 3], [4]])
})

void t.test('a failure is for those who share it', async (t) => {
  const fail = batched(async (inputs: readonly string[]) => {
    if (inputs.includes('bad')) throw new Error('no')
    return inputs
  })
  const first = fail('bad')
  await t.rejects(first, { message: 'no' })
  t.equal(await fail('good'), 'good')
})
