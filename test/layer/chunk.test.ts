import { asByteString } from '../../src/core/byte-string.ts'
import t from 'tap'
import { segmentLength, type Segment } from '../../src/core/tar/segment.ts'
import { chunksOf } from '../../src/layer/chunk.ts'
import { seededRandom } from '../seeded-random.ts'

const bytes = (length: number): Segment => ({ kind: 'bytes', bytes: Buffer.alloc(length, length) })
const file = (length: number): Segment => ({
  kind: 'file',
  path: asByteString('/x'),
  offset: 0,
  length,
  fileSize: length,
})

const lengths = (segments: readonly Segment[], size: number) =>
  [...chunksOf(segments, () => size)].map((chunk) => chunk.segments.map(segmentLength))

void t.test('segments are joined and cut to chunks of one size, but the last', async (t) => {
  for (const [what, segments, expected] of [
    ['nothing', [], []],
    ['less than one', [bytes(3)], [[3]]],
    ['exactly one', [bytes(10)], [[10]]],
    ['one and a byte', [bytes(11)], [[10], [1]]],
    ['several small ones', [bytes(3), file(3), bytes(4), file(1)], [[3, 3, 4], [1]]],
    ['a large one between small ones', [bytes(4), file(25), bytes(2)], [[4, 6], [10], [9, 1], [1]]],
    ['ends meet', [file(10), bytes(10)], [[10], [10]]],
  ] as const) {
    t.strictSame(lengths(segments, 10), expected, what)
  }
})

void t.test('no byte is lost, turned or doubled', async (t) => {
  const random = seededRandom(7)
  const segments: Segment[] = Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0
      ? bytes(1 + random.below(50))
      : { ...file(1 + random.below(50)), path: asByteString(`/${i}`) },
  )
  for (const size of [1, 7, 16, 1000, 100_000]) {
    const chunks = [...chunksOf(segments, () => size)]
    t.ok(
      chunks.every((chunk, i) => chunk.length === size || (i === chunks.length - 1 && chunk.length < size)),
      `chunks of ${size}`,
    )
    t.ok(
      chunks.every(
        ({ segments, length }) => segments.reduce((sum, part) => sum + segmentLength(part), 0) === length,
      ),
      `${size}: lengths are true`,
    )
    t.strictSame(
      places(chunks.flatMap((chunk) => chunk.segments)),
      places(segments),
      `${size}: every byte in its place`,
    )
  }
})

/** Each byte of the segments, as where it comes from. */
function places(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) =>
    Array.from({ length: segmentLength(segment) }, (_, i) =>
      segment.kind === 'file' ? `${segment.path} ${segment.offset + i}` : `byte ${segment.bytes[i]}`,
    ),
  )
}
