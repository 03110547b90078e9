import { asByteString } from '../../../src/core/byte-string.ts'
import t from 'tap'
import { frameOfPages, pageAt } from '../../../src/core/tar/frame.ts'
import { narPages } from '../../../src/core/nix/nar-frame.ts'
import { layerFrame, layerPages, segmentsOf, type LayerEntry } from '../../../src/core/tar/segment.ts'

/** More than one page has. */
const MANY = 1_000
/** What a page may have at most, where no entry has content made here: one entry more than is wanted. */
const LIMIT = 64 * 1024 + 1536

const directory = 'nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x'
const entries: readonly LayerEntry[] = [
  { kind: 'directory', name: asByteString(directory), mode: 0o555 },
  ...Array.from({ length: MANY }, (_, i): LayerEntry => ({
    kind: 'file',
    name: asByteString(`${directory}/file-${String(i).padStart(4, '0')}`),
    mode: 0o444,
    size: i % 3 === 0 ? 0 : i,
  })),
]

for (const [what, pages] of [
  ['a layer', () => layerPages(entries)],
  ['an archive', () => narPages(entries)],
] as const) {
  void t.test(`${what} of many files is cut into pages`, async (t) => {
    const all = [...pages()]
    t.ok(all.length > 2, `${all.length} pages`)
    t.strictSame(
      all.filter(({ bytes }) => bytes.length > LIMIT),
      [],
      'none is large',
    )
    t.equal(
      all.reduce((sum, { paths }) => sum + paths.length, 0),
      entries.filter((entry) => entry.kind === 'file' && entry.size > 0).length,
      'each file with content is in one',
    )
    const frame = frameOfPages(all)
    t.equal(frame.pageStarts.length, all.length)
    for (let i = 0; i < all.length; i++) {
      const start = frame.pageStarts[i] ?? 0
      t.equal(pageAt(frame, start), i)
      t.equal(pageAt(frame, start + (all[i]?.size ?? 0) - 1), i)
    }
    t.throws(() => frame.page(all.length), { name: 'RangeError' })
  })
}

void t.test('pages are made while entries come, not at their end', async (t) => {
  let taken = 0
  const counted = function* () {
    for (const entry of entries) {
      taken += 1
      yield entry
    }
  }
  layerPages(counted()).next()
  t.ok(taken < MANY / 2, `${taken} entries for the first page`)
})

void t.test('a range takes only the pages that it lies in', async (t) => {
  const whole = layerFrame(entries)
  const asked: number[] = []
  const frame = {
    ...whole,
    page: (i: number) => {
      asked.push(i)
      return whole.page(i)
    },
  }
  const last = whole.pageStarts.length - 1
  const second = whole.pageStarts[1] ?? 0
  for (const [start, end, pages] of [
    [0, 1, [0]],
    [second - 1, second, [0]],
    [second - 1, second + 1, [0, 1]],
    [second, second + 1, [1]],
    [whole.size - 1, whole.size, [last]],
    [whole.size - 1, whole.size + 100, [last]],
    [whole.size, whole.size + 100, []],
    [5, 5, []],
  ] as const) {
    asked.length = 0
    t.equal([...segmentsOf({ kind: 'layer', frame }, { start, end })].length > 0, pages.length > 0)
    t.strictSame(asked, pages, `${start} to ${end}`)
  }
})
