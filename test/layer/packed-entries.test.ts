import { asByteString } from '../../src/core/byte-string.ts'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { layerPages, type LayerEntry } from '../../src/core/tar/segment.ts'
import { entryNames, packEntries } from '../../src/layer/packed-entries.ts'
import { unpackedPages } from '../../src/layer/packed-frame.ts'

const content = Buffer.alloc(300_000, 'content')
const entries: readonly LayerEntry[] = [
  { kind: 'directory', name: asByteString('etc'), mode: 0o755 },
  { kind: 'file', name: asByteString('etc/large'), mode: 0o444, size: content.length, content },
  {
    kind: 'file',
    name: asByteString('etc/\u00ff'),
    mode: 0o444,
    size: 5,
    source: asByteString('/nix/store/x'),
  },
  { kind: 'symlink', name: asByteString('link'), target: asByteString('etc') },
]

void t.test('packed entries have their names and their tar', async (t) => {
  const packed = await packEntries(entries, setImmediate)
  t.strictSame(entryNames(packed), ['etc', 'etc/large', 'etc/\u00ff', 'link'])
  const found = Buffer.concat([...unpackedPages(packed.frame)].map(({ bytes }) => bytes))
  const expected = Buffer.concat([...layerPages(entries)].map(({ bytes }) => bytes))
  t.ok(found.equals(expected))
  t.ok(found.includes(content), 'content made here is in it')
})

void t.test('large content made here is cut into pages too', async (t) => {
  const pages = [...layerPages(entries)]
  t.ok(pages.length > 3)
  t.ok(pages.every(({ bytes }) => bytes.length <= 130 * 1024))
})

void t.test('no entries have no names', async (t) => {
  t.strictSame(entryNames(await packEntries([], setImmediate)), [])
})
