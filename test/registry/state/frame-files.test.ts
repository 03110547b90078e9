import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { asByteString } from '../../../src/core/byte-string.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { parseDigest, type Digest } from '../../../src/core/oci/digest.ts'
import { layerPages } from '../../../src/core/tar/segment.ts'
import { isLarge, packFrame, type PackedFrame } from '../../../src/layer/packed-frame.ts'
import type { StoreReader } from '../../../src/layer/store-reader.ts'
import type { WalkedLayer } from '../../../src/layer/worker.ts'
import { LayerFrames } from '../../../src/registry/artifact/layer-frames.ts'
import { FrameFiles } from '../../../src/registry/state/frame-files.ts'
import { StateTrouble } from '../../../src/registry/state/state-trouble.ts'
import { seededRandom } from '../../seeded-random.ts'

const random = seededRandom(15)
const letters = () => Array.from({ length: 60 }, () => String.fromCodePoint(97 + random.below(26))).join('')

/** Names that pack badly, so that few files make a large frame. */
async function frameOf(files: number): Promise<PackedFrame> {
  const entries = Array.from({ length: files }, () => ({
    kind: 'file' as const,
    name: asByteString(`nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x/${letters()}`),
    mode: 0o444,
    size: 1 + random.below(1000),
  }))
  return packFrame(layerPages(entries), async () => undefined)
}

const digestOf = (i: number): Digest => parseDigest(`sha256:${String(i).padStart(64, '0')}`)
const layer: WalkedLayer = {
  kind: 'paths',
  paths: ['/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x' as StorePath],
}
const large = await frameOf(2_000)

async function directoryOf(t: { readonly teardown: (end: () => void) => void }): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'frame-files-'))
  t.teardown(() => rmSync(base, { recursive: true, force: true }))
  return join(base, 'frames')
}

void t.test('a large frame is found again, also by the next process', async (t) => {
  t.ok(isLarge(large))
  const directory = await directoryOf(t)
  const files = new FrameFiles(directory)
  files.put(digestOf(1), layer, large)
  t.ok(isDeepStrictEqual(await files.get(digestOf(1), layer), large), 'while it is written')
  await files.close()
  const next = new FrameFiles(directory)
  t.ok(isDeepStrictEqual(await next.get(digestOf(1), layer), large))
  t.equal(await next.get(digestOf(2), layer), undefined, 'of another layer')
  t.equal(
    await next.get(digestOf(1), { ...layer, paths: [] }),
    undefined,
    'of the same bytes from other paths',
  )
  const [name = ''] = readdirSync(directory)
  t.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
})

void t.test('a small frame is not kept', async (t) => {
  const directory = await directoryOf(t)
  const files = new FrameFiles(directory)
  files.put(digestOf(1), layer, await frameOf(10))
  await files.close()
  t.strictSame(readdirSync(directory), [])
})

void t.test('a file that is damaged, cut or gone counts as none, and is written again', async (t) => {
  for (const [what, damage] of [
    ['damaged', (path: string, bytes: Buffer) => writeFileSync(path, bytes.fill(1, 5_000, 5_001))],
    ['cut', (path: string, bytes: Buffer) => writeFileSync(path, bytes.subarray(0, bytes.length - 1))],
    ['empty', (path: string) => writeFileSync(path, '')],
    ['gone', (path: string) => rmSync(path)],
  ] as const) {
    const directory = await directoryOf(t)
    const files = new FrameFiles(directory)
    files.put(digestOf(1), layer, large)
    await files.close()
    const [name = ''] = readdirSync(directory)
    damage(join(directory, name), await readFile(join(directory, name)))
    t.equal(await files.get(digestOf(1), layer), undefined, what)
    t.equal(await new FrameFiles(directory).get(digestOf(1), layer), undefined, what)
    files.put(digestOf(1), layer, large)
    t.ok(isDeepStrictEqual(await files.get(digestOf(1), layer), large), what)
  }
})

void t.test('what was least recently used goes when there is no room', async (t) => {
  const directory = await directoryOf(t)
  const deleted: string[] = []
  const size = 2.5 * large.bytes.length
  const trouble = new StateTrouble(() => t.fail('no trouble'))
  const files = new FrameFiles(directory, trouble, ({ target }) => deleted.push(target), size)
  for (const i of [1, 2]) {
    files.put(digestOf(i), layer, large)
    await files.close()
  }
  t.ok(isDeepStrictEqual(await files.get(digestOf(1), layer), large))
  files.put(digestOf(3), layer, large)
  await files.close()
  t.equal(await files.get(digestOf(2), layer), undefined)
  t.ok(isDeepStrictEqual(await files.get(digestOf(1), layer), large))
  t.ok(isDeepStrictEqual(await files.get(digestOf(3), layer), large))
  t.equal(readdirSync(directory).length, 2)
  t.equal(deleted.length, 1)
})

void t.test('a directory that cannot be written is reported, and nothing is kept', async (t) => {
  const parent = await directoryOf(t)
  writeFileSync(parent, 'a file')
  const troubles: unknown[] = []
  const files = new FrameFiles(join(parent, 'frames'), new StateTrouble((error) => troubles.push(error)))
  files.put(digestOf(1), layer, large)
  t.equal(await files.get(digestOf(1), layer), undefined)
  t.equal(troubles.length, 1)
})

void t.test('a layer whose frame is on disk is not walked', async (t) => {
  const files = new FrameFiles(await directoryOf(t))
  let walks = 0
  const reader = {
    frame: async () => {
      walks += 1
      return large
    },
  } as unknown as StoreReader
  const unpacker = {} as ConstructorParameters<typeof LayerFrames>[1]
  const { size } = large
  const image = {
    digest: digestOf(1),
    size,
    diffId: digestOf(1),
    mediaType: '',
    createdBy: '',
    source: layer,
  }
  for (const [what, expected] of [
    ['it is walked once', 1],
    ['and not by the next process', 1],
  ] as const) {
    const { content } = await new LayerFrames(reader, unpacker, files).content(image)
    t.equal(content.kind === 'layer' ? content.frame.size : 0, size)
    t.equal(walks, expected, what)
  }
})
