/** Digests of layers are the same, however they are grouped, and are remembered. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { asByteString } from '../../../src/core/byte-string.ts'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import { storePathAround, type StorePath } from '../../../src/core/nix/store-path.ts'
import type { LayerEntry } from '../../../src/core/tar/segment.ts'
import { serializedEntries, serializeEntries } from '../../../src/layer/serialized-entries.ts'
import { StoreReader } from '../../../src/layer/store-reader.ts'
import { digestParts } from '../../../src/registry/artifact/digest-parts.ts'
import type { Part } from '../../../src/registry/artifact/layer-part.ts'
import { DigestIndex } from '../../../src/registry/state/digest-index.ts'
import { FrameFiles } from '../../../src/registry/state/frame-files.ts'
import type { ClosurePath } from '../../../src/store/store.ts'
import { makeStorePath, withoutNix } from '../../nix/real-store.ts'

const notHere = () => Promise.reject(new Error('nothing is unpacked here'))

void t.test('small layers, entries and copies', { skip: withoutNix }, async (t) => {
  const paths: StorePath[] = []
  for (let i = 0; i < 20; i++)
    paths.push(
      await makeStorePath(`digest-parts-${i}`, async (path) => {
        await mkdir(path)
        await writeFile(join(path, 'file'), `${i}`.repeat(1000))
      }),
    )
  const [first] = paths
  if (first === undefined) throw new Error('no path')
  const closure = paths.map((path, i): ClosurePath => ({
    path,
    narHash: `${i}`,
    // The last one is hashed alone.
    narSize: i === 19 ? 1e9 : 1000,
    references: [],
    deriver: undefined,
    isBuiltHere: false,
    signatures: [],
    contentAddress: '',
  }))
  const made: LayerEntry = {
    kind: 'file',
    name: asByteString('made'),
    mode: 0o444,
    size: 4,
    content: Buffer.from('made'),
  }
  const copied: LayerEntry = {
    kind: 'file',
    name: asByteString('copied'),
    mode: 0o444,
    size: 1000,
    source: asByteString(`${first}/file`),
  }
  const createdBy = 'test'
  const entriesOf = (entries: readonly LayerEntry[]): readonly Part[] =>
    [entries, serializedEntries(serializeEntries(entries))].map((one) => ({
      source: { kind: 'entries', entries: one, format: 'tar' },
      createdBy,
    }))
  const parts: readonly Part[] = [
    ...paths.map((path): Part => ({ source: { kind: 'paths', paths: [path] }, createdBy })),
    ...entriesOf([made]),
    ...entriesOf([made, copied]),
  ]
  const directory = t.testdir()
  const reader = new StoreReader(2, SYSTEM_STORE)
  const index = new DigestIndex(directory)
  t.teardown(async () => {
    index.close()
    await reader.close()
  })
  const hasher = {
    reader,
    index,
    frames: new FrameFiles(join(directory, 'frames')),
    archives: { cache: { use: notHere } },
  }
  const layers = await digestParts(parts, closure, hasher)
  t.equal(layers.length, parts.length)
  for (const [i, { source }] of parts.entries()) {
    if (source.kind !== 'paths') continue
    const { digest, size } = await reader.digest(source)
    t.match(layers[i], { digest, size, source })
  }
  for (const at of [20, 22]) {
    t.equal(layers[at]?.digest, layers[at + 1]?.digest, 'the same, whether a thread packs them or not')
    t.equal(layers[at]?.source.kind, 'packed entries')
  }
  const { source } = layers[23] ?? {}
  t.strictSame(source?.kind === 'packed entries' && source.copiedFrom, [storePathAround(first)])

  const hashed: number[] = []
  const digests = reader.digests.bind(reader)
  reader.digests = (wanted) => {
    hashed.push(wanted.length)
    return digests(wanted)
  }
  t.strictSame(
    (await digestParts(parts, closure, hasher)).map(({ digest }) => digest),
    layers.map(({ digest }) => digest),
  )
  t.equal(
    hashed.reduce((sum, count) => sum + count, 0),
    3,
    'paths and copies are remembered: only entries that are packed or made here are looked at again',
  )
})
