import t from 'tap'
import { WorkLog, gapNote } from '../../../src/registry/work/work-log.ts'

const LIMITS = { headBytes: 100, tailBytes: 160, lineLength: 40 }
/** 10 bytes with its end. */
const line = (i: number) => `line ${String(i).padStart(4, '0')}`

function filled(count: number): WorkLog {
  const log = new WorkLog(LIMITS)
  for (let i = 0; i < count; i++) log.append(line(i))
  return log
}

/** All that a follower is given, with the gaps as it is told of them. */
function readAll(log: WorkLog, from = 0): readonly string[] {
  const got: string[] = []
  for (let next = from; ;) {
    const piece = log.read(next)
    if (piece.lines.length === 0) return got
    if (piece.missed > 0) got.push(gapNote(piece.missed))
    got.push(...piece.lines)
    next = piece.next
  }
}

void t.test('a short log is all there', async (t) => {
  for (const count of [0, 1, 10, 11, 26]) {
    const log = filled(count)
    const lines = Array.from({ length: count }, (_, i) => line(i))
    t.strictSame(readAll(log), lines, `${count} lines`)
    t.equal(log.text, lines.map((text) => `${text}\n`).join(''))
    t.match(log.extent, { lines: count, bytes: count * 10, omittedLines: 0, omittedBytes: 0 })
  }
})

void t.test('a long log keeps its head and tail, and counts the rest', async (t) => {
  for (const count of [27, 100, 10_000]) {
    const log = filled(count)
    const { headLines, omittedLines, omittedBytes, lines, bytes } = log.extent
    t.equal(headLines, 10)
    t.equal(lines, count)
    t.equal(bytes, count * 10)
    t.equal(omittedBytes, omittedLines * 10)
    const tail = count - headLines - omittedLines
    t.ok(tail >= 14 && tail <= 16, `${count} lines: ${tail} of the tail`)
    const expected = (note: string) => [
      ...Array.from({ length: 10 }, (_, i) => line(i)),
      note,
      ...Array.from({ length: tail }, (_, i) => line(count - tail + i)),
    ]
    t.strictSame(log.text.split('\n').slice(0, -1), expected(gapNote(omittedLines, omittedBytes)))
    t.strictSame(readAll(log), expected(gapNote(omittedLines)))
    t.strictSame(readAll(log, count - 2), [line(count - 2), line(count - 1)], 'from a line that is there')
    t.strictSame(readAll(log, count + 5), [], 'from a line to come')
  }
})

void t.test('a log is read back as it was written', async (t) => {
  for (const count of [0, 5, 10, 20, 500]) {
    const log = filled(count)
    const restored = WorkLog.restored(log.text, log.extent)
    t.equal(restored.text, log.text, `${count} lines`)
    t.strictSame(restored.extent, log.extent)
    for (const from of [0, 3, 10, 15, count - 1]) t.strictSame(readAll(restored, from), readAll(log, from))
  }
  t.match(WorkLog.restored('a\nb\n').extent, { lines: 2, bytes: 4, headLines: 2, omittedLines: 0 }, 'cut off')
})

void t.test('lines of the head are given to be written, those of the tail are not', async (t) => {
  const log = new WorkLog(LIMITS)
  const given = Array.from({ length: 20 }, (_, i) => log.append(line(i)))
  t.strictSame(
    given,
    Array.from({ length: 20 }, (_, i) => (i < 10 ? line(i) : undefined)),
  )
})

void t.test('long lines are cut, and bytes are counted as UTF-8', async (t) => {
  const log = new WorkLog(LIMITS)
  t.equal(log.append('x'.repeat(41)), `${'x'.repeat(40)} … (cut)`)
  const other = new WorkLog(LIMITS)
  other.append('ü')
  t.equal(other.extent.bytes, 3)
  other.append('x'.repeat(40))
  other.append('y'.repeat(60))
  other.append('y'.repeat(40))
  other.append('y')
  t.strictSame(readAll(other).at(-1), 'y', 'a head that is full stays so, whatever would still fit')
  t.equal(other.extent.headLines, 3)
})
