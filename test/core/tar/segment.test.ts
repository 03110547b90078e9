import { asByteString } from '../../../src/core/byte-string.ts'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  contentSize,
  cut,
  layerFrame,
  segmentLength,
  segmentsOf,
  type BlobContent,
  type LayerEntry,
  type Segment,
} from '../../../src/core/tar/segment.ts'
import { fillWithoutFiles, readFiles } from '../../../src/layer/read.ts'
import { seededRandom } from '../../seeded-random.ts'

const directory = mkdtempSync(join(tmpdir(), 'segment-'))
t.teardown(() => rmSync(directory, { recursive: true }))

const random = seededRandom(20_240_607)

/** A file on the disk as a layer entry: entries of that kind are read from below `/`. */
function fileOf(size: number): LayerEntry {
  const path = join(directory, `file-${size}`)
  writeFileSync(path, pattern(size))
  return { kind: 'file', name: asByteString(path.slice(1)), mode: 0o444, size }
}

function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.below(256)))
}

function made(name: string, size: number): LayerEntry {
  return { kind: 'file', name: asByteString(name), mode: 0o444, size, content: pattern(size) }
}

function withText(name: string, mode: number, text: string): LayerEntry {
  const content = Buffer.from(text)
  return { kind: 'file', name: asByteString(name), mode, size: content.length, content }
}

/** The page of a frame that is small enough for one. */
const onlyPage = (entries: readonly LayerEntry[]) => layerFrame(entries).page(0)

const DIRECTORY: LayerEntry = { kind: 'directory', name: asByteString('nix'), mode: 0o755 }
const LINK: LayerEntry = { kind: 'symlink', name: asByteString('link'), target: asByteString('/nix') }

const LAYERS: Readonly<Record<string, readonly LayerEntry[]>> = {
  'nothing but the trailer': [],
  'no files': [DIRECTORY, LINK],
  'only empty files': [fileOf(0), made('made', 0), fileOf(0)],
  'one file of one byte': [fileOf(1)],
  'files of whole blocks': [fileOf(512), fileOf(1024)],
  'a file first and last': [fileOf(700), DIRECTORY, fileOf(513)],
  'content made here': [made('etc', 5), made('passwd', 512), LINK],
  everything: [
    DIRECTORY,
    fileOf(0),
    fileOf(3),
    made('etc', 600),
    fileOf(511),
    made('empty', 0),
    fileOf(512),
    LINK,
    fileOf(513),
    fileOf(5000),
    made('last', 1),
  ],
}

/** What the tar must be, put together the long way. */
function wholeTar(entries: readonly LayerEntry[]): Buffer {
  const pieces: Uint8Array[] = []
  for (const entry of entries) {
    const { bytes } = onlyPage([
      { ...entry, ...(entry.kind === 'file' ? { content: new Uint8Array() } : {}) },
    ])
    // Of a layer of its own the header comes first, and 1024 bytes of trailer last.
    pieces.push(bytes.subarray(0, 512))
    if (entry.kind !== 'file') continue
    const content = entry.content ?? readFileSync(`/${entry.name}`)
    pieces.push(content, Buffer.alloc((512 - (content.length % 512)) % 512))
  }
  return Buffer.concat([...pieces, Buffer.alloc(1024)])
}

function read(segments: Iterable<Segment>): Buffer {
  const list = [...segments]
  const length = list.reduce((sum, segment) => sum + segmentLength(segment), 0)
  const buffer = Buffer.alloc(length)
  readFiles(fillWithoutFiles(list, buffer), buffer)
  return buffer
}

void t.test('any range of a layer equals the same slice of the whole', async (t) => {
  for (const [what, entries] of Object.entries(LAYERS)) {
    const content: BlobContent = { kind: 'layer', frame: layerFrame(entries) }
    const size = contentSize(content)
    const whole = wholeTar(entries)
    t.equal(size, whole.length, `${what}: size`)
    const edges = [0, 1, 511, 512, 513, size - 1025, size - 1024, size - 1, size].filter(
      (at) => at >= 0 && at <= size,
    )
    const ranges = [
      ...edges.flatMap((start) => edges.filter((end) => end >= start).map((end) => ({ start, end }))),
      ...Array.from({ length: 200 }, () => {
        const [a, b] = [random.below(size + 1), random.below(size + 1)]
        return { start: Math.min(a, b), end: Math.max(a, b) }
      }),
    ]
    const wrong = ranges.filter((range) => {
      const segments = [...segmentsOf(content, range)]
      return (
        !read(segments).equals(whole.subarray(range.start, range.end)) ||
        segments.some((segment) => segmentLength(segment) === 0)
      )
    })
    t.strictSame(wrong, [], `${what}: other bytes than the whole has there, or an empty segment`)
  }
})

void t.test('any range of bytes is their slice', async (t) => {
  const bytes = pattern(100)
  const content: BlobContent = { kind: 'bytes', bytes }
  t.equal(contentSize(content), 100)
  for (const [start, end] of [
    [0, 100],
    [0, 1],
    [99, 100],
    [30, 60],
  ] as const) {
    t.ok(read(segmentsOf(content, { start, end })).equals(bytes.subarray(start, end)), `${start} to ${end}`)
  }
  t.strictSame([...segmentsOf(content, { start: 50, end: 50 })], [], 'an empty range has no segments')
})

void t.test('a range past the end ends at the end', async (t) => {
  for (const content of [
    { kind: 'bytes', bytes: pattern(1000) },
    { kind: 'layer', frame: layerFrame([fileOf(100)]) },
  ] satisfies readonly BlobContent[]) {
    const size = contentSize(content)
    t.equal(read(segmentsOf(content, { start: size - 10, end: size + 10 })).length, 10, content.kind)
    t.strictSame(
      [...segmentsOf(content, { start: size + 1, end: size + 10 })],
      [],
      `${content.kind}: all behind it`,
    )
  }
})

void t.test('a page holds no byte of the files it is about', async (t) => {
  const { bytes, paths, fileSizes, fileStarts, size } = onlyPage([DIRECTORY, fileOf(0), fileOf(513), LINK])
  t.strictSame(paths, [join(directory, 'file-513')], 'files without content are left out')
  t.strictSame([...fileSizes], [513])
  t.strictSame([...fileStarts], [3 * 512])
  t.equal(bytes.length, size - 513)
  t.equal(bytes.buffer.byteLength, bytes.length, 'its memory is its own, so that threads can pass it on')
})

void t.test('a file segment says where in which file, and how large that file is', async (t) => {
  const content: BlobContent = { kind: 'layer', frame: layerFrame([fileOf(5000)]) }
  t.strictSame(
    [...segmentsOf(content, { start: 612, end: 712 })],
    [{ kind: 'file', path: join(directory, 'file-5000'), offset: 100, length: 100, fileSize: 5000 }],
  )
})

void t.test('cutting a segment', async (t) => {
  const file: Segment = { kind: 'file', path: asByteString('/x'), offset: 10, length: 20, fileSize: 50 }
  const bytes: Segment = { kind: 'bytes', bytes: Buffer.from('0123456789') }
  t.equal(cut(file, 0, 20), file, 'the whole is the segment itself')
  t.strictSame(cut(file, 5, 8), { kind: 'file', path: '/x', offset: 15, length: 3, fileSize: 50 })
  t.equal(Buffer.from(read([cut(bytes, 2, 5)])).toString(), '234')
})

void t.test('the bytes of a layer of format 1', async (t) => {
  const { bytes, size } = onlyPage([
    { kind: 'directory', name: asByteString('nix'), mode: 0o755 },
    { kind: 'directory', name: asByteString('nix/store'), mode: 0o755 },
    { kind: 'directory', name: asByteString('nix/store/00000000000000000000000000000000-x'), mode: 0o555 },
    withText('nix/store/00000000000000000000000000000000-x/a', 0o444, ''),
    withText('nix/store/00000000000000000000000000000000-x/b', 0o555, '#!/bin/sh\n'),
    withText(`nix/store/00000000000000000000000000000000-x/${'long'.repeat(50)}`, 0o444, 'x'.repeat(512)),
    {
      kind: 'symlink',
      name: asByteString('nix/store/00000000000000000000000000000000-x/c'),
      target: asByteString('b'),
    },
  ])
  t.equal(size, bytes.length, 'all is made here, so the frame is the tar')
  // Another digest here means another digest of every layer ever served: that is format 2 (see tar-header.ts).
  t.equal(
    createHash('sha256').update(bytes).digest('hex'),
    '75dca38c5891202d169338d92771f2ef66e12c8baffe257aed88b983b377599c',
  )
})
