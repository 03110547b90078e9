import t from 'tap'
import { parseGivenJson } from '../../../src/core/oci/given-json.ts'
import { processorMs } from '../../support/processor-time.ts'

const parse = (text: string) => parseGivenJson('file', Buffer.from(text))
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

void t.test('JSON is what it is', async (t) => {
  for (const value of [
    {},
    [],
    null,
    'x',
    1,
    { a: [{ b: 'c' }, '[{,'.repeat(1e6)], 'd"[\\': '\\"[', é: '\u2028' },
    Array.from({ length: 400_000 }, (_, i) => i),
  ])
    t.strictSame(parse(JSON.stringify(value)), value)
  t.strictSame(parseGivenJson('file', Buffer.from('x[1]').subarray(1)), [1], 'a part of a buffer')
  t.doesNotThrow(
    () => parse(`[${Array.from({ length: 50 }, () => nested(5000)).join()}]`),
    'beside each other',
  )
})

void t.test('texts that aren’t JSON', async (t) => {
  for (const text of ['', '{', '"', '"\\', ']]]]', '[1,]', nested(3).slice(1)])
    t.throws(() => parse(text), SyntaxError, text)
})

void t.test('too large values are refused before they are made', async (t) => {
  const million = 1e6
  for (const [what, text, message] of [
    ['depth', nested(8 * million), /^file: nested too deep: more than 10000 lists or objects$/],
    ['depth, never closed', '{"a":'.repeat(2 * million), /nested too deep/],
    ['lists', `[${'[],'.repeat(million)}0]`, /^file: JSON of more than 500000 values$/],
    ['numbers', `[${'1,'.repeat(million)}0]`, /more than 500000 values/],
    ['keys', `{${'"":1,'.repeat(million)}"":1}`, /more than 500000 values/],
  ] as const) {
    const before = process.resourceUsage().maxRSS
    const bytes = Buffer.from(text)
    const taken = processorMs(() =>
      t.throws(
        () => parseGivenJson('file', bytes),
        { name: 'RegistryError', kind: 'unservable', message },
        what,
      ),
    )
    t.ok(taken < 2000, `${what}: at once`)
    t.ok(process.resourceUsage().maxRSS - before < 100_000, `${what}: in little memory`)
  }
})
