import t from 'tap'
import { parseRange, type RangeRequest } from '../../../src/core/oci/range.ts'

const WHOLE: RangeRequest = { kind: 'whole' }
const UNSATISFIABLE: RangeRequest = { kind: 'unsatisfiable' }
const part = (start: number, end: number): RangeRequest => ({ kind: 'part', range: { start, end } })
/** More than any number holds: 10 to the 400th and some. */
const ENDLESS = '9'.repeat(401)

void t.test('ranges of a blob of 1000 bytes', async (t) => {
  for (const [header, expected] of [
    [undefined, WHOLE],
    ['bytes=0-', part(0, 1000)],
    ['bytes=0-0', part(0, 1)],
    ['bytes=0-999', part(0, 1000)],
    ['bytes=100-199', part(100, 200)],
    ['bytes=999-', part(999, 1000)],
    ['bytes= 5-9 ', part(5, 10)],
    ['Bytes=5-9', part(5, 10)],
    // Past the end: cut there, unless all of it is.
    ['bytes=990-1000', part(990, 1000)],
    ['bytes=990-5000', part(990, 1000)],
    [`bytes=990-${ENDLESS}`, part(990, 1000)],
    ['bytes=1000-', UNSATISFIABLE],
    ['bytes=1000-1001', UNSATISFIABLE],
    [`bytes=${ENDLESS}-`, UNSATISFIABLE],
    [`bytes=${ENDLESS}-${ENDLESS}`, UNSATISFIABLE],
    // The last so many.
    ['bytes=-1', part(999, 1000)],
    ['bytes=-1000', part(0, 1000)],
    ['bytes=-1001', part(0, 1000)],
    [`bytes=-${ENDLESS}`, part(0, 1000)],
    ['bytes=-0', UNSATISFIABLE],
    // No range at all: ignored.
    ['bytes=200-100', WHOLE],
    ['bytes=2000-1000', WHOLE],
    ['bytes=-', WHOLE],
    ['bytes=', WHOLE],
    ['bytes', WHOLE],
    ['', WHOLE],
    ['bytes=a-b', WHOLE],
    ['bytes=1.5-3', WHOLE],
    ['bytes=1e2-3e2', WHOLE],
    ['bytes=0x10-', WHOLE],
    ['bytes=--5', WHOLE],
    ['bytes=+1-5', WHOLE],
    ['bytes=5', WHOLE],
    ['items=0-5', WHOLE],
    ['0-5', WHOLE],
    // Several: the whole, which every client takes.
    ['bytes=0-1,5-6', WHOLE],
    ['bytes=0-1, -1', WHOLE],
  ] as const) {
    t.strictSame(parseRange(header, 1000), expected, String(header).slice(0, 60))
  }
})

void t.test('an empty blob has no parts', async (t) => {
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0']) {
    t.strictSame(parseRange(header, 0), UNSATISFIABLE, header)
  }
  t.strictSame(parseRange(undefined, 0), WHOLE)
})
