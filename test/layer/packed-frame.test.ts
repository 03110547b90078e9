import { asByteString } from '../../src/core/byte-string.ts'
import t from 'tap'
import { frameOfPages } from '../../src/core/tar/frame.ts'
import { layerPages, type LayerEntry } from '../../src/core/tar/segment.ts'
import { PageCache, packFrame, packedSize, unpackedPages } from '../../src/layer/packed-frame.ts'

const MEGABYTE = 2 ** 20
const pause = async () => undefined

const entriesOf = (count: number): readonly LayerEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'file',
    name: asByteString(`nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x/lib/node_modules/module-\u00ff-${i}.js`),
    mode: 0o444,
    size: i * 7,
  }))

const LAYERS: readonly (readonly [string, readonly LayerEntry[]])[] = [
  ['no entries', []],
  ['an empty file', entriesOf(1)],
  [
    'content made here',
    [{ kind: 'file', name: asByteString('x'), mode: 0o444, size: 3, content: Buffer.from('abc') }],
  ],
  ['many pages', entriesOf(2_000)],
]

void t.test('a packed frame is the frame', async (t) => {
  for (const [what, entries] of LAYERS) {
    const expected = frameOfPages(layerPages(entries))
    const packed = await packFrame(layerPages(entries), pause)
    const frame = new PageCache(MEGABYTE).open(packed)
    t.equal(frame.size, expected.size, what)
    t.strictSame(frame.pageStarts, expected.pageStarts, what)
    const unpacked = [...unpackedPages(packed)]
    t.equal(unpacked.length, expected.pageStarts.length)
    for (let i = 0; i < expected.pageStarts.length; i++) {
      const { bytes, ...page } = expected.page(i)
      for (const found of [frame.page(i), unpacked[i]]) {
        t.ok(found !== undefined && Buffer.from(bytes).equals(found.bytes), `${what}, page ${i}`)
        t.match(found, page, `${what}, page ${i}`)
      }
    }
    t.throws(() => frame.page(expected.pageStarts.length), { name: 'RangeError' }, what)
  }
})

void t.test('a packed frame takes less than a twentieth', async (t) => {
  const pages = [...layerPages(entriesOf(20_000))]
  const bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0)
  const packed = packedSize(await packFrame(pages, pause))
  t.ok(packed < bytes / 20, `${bytes} bytes are ${packed}`)
})

void t.test('other work gets its turn after each page', async (t) => {
  const pages = [...layerPages(entriesOf(2_000))]
  let pauses = 0
  await packFrame(pages, async () => {
    pauses += 1
  })
  t.equal(pauses, pages.length)
})

void t.test('unpacked pages are shared while there is room for them', async (t) => {
  const packed = await packFrame(layerPages(entriesOf(1_000)), pause)
  const roomy = new PageCache(4 * MEGABYTE).open(packed)
  t.equal(roomy.page(0), roomy.page(0), 'unpacked once')
  const narrow = new PageCache(100 * 1024).open(packed)
  const first = narrow.page(0)
  narrow.page(1)
  t.not(narrow.page(0), first, 'what has no room is unpacked again')
  t.strictSame(narrow.page(0).fileStarts, first.fileStarts)
  const cache = new PageCache(4 * MEGABYTE)
  t.not(cache.open(packed).page(0), cache.open(packed).page(0), 'each frame has its own')
})
