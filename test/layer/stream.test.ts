import { asByteString } from '../../src/core/byte-string.ts'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import { parseDigest, type Digest } from '../../src/core/oci/digest.ts'
import type { ByteRange } from '../../src/core/oci/range.ts'
import { contentSize, layerFrame, type BlobContent, type LayerEntry } from '../../src/core/tar/segment.ts'
import { StoreReader } from '../../src/layer/store-reader.ts'
import { BlobStreams } from '../../src/layer/stream.ts'
import { seededRandom } from '../seeded-random.ts'

const KIB = 1024
/** What a stream reads at once while there are few. */
const CHUNK = 2048 * KIB

const directory = mkdtempSync(join(tmpdir(), 'stream-'))
const reader = new StoreReader(2, SYSTEM_STORE)
t.teardown(async () => {
  await reader.close()
  rmSync(directory, { recursive: true })
})

const random = seededRandom(206)
const MEGABYTE = Buffer.from(Array.from({ length: 1024 * KIB }, () => random.below(256)))

let count = 0
function fileOf(size: number): { readonly path: string; readonly entry: LayerEntry } {
  const path = join(directory, `file-${count++}`)
  const at = random.below(1000)
  writeFileSync(path, Buffer.concat(Array.from({ length: 9 }, () => MEGABYTE)).subarray(at, at + size))
  return { path, entry: { kind: 'file', name: asByteString(path.slice(1)), mode: 0o444, size } }
}

function layerOf(...entries: readonly LayerEntry[]): BlobContent {
  return { kind: 'layer', frame: layerFrame(entries) }
}

const all = (content: BlobContent): ByteRange => ({ start: 0, end: contentSize(content) })

/** Copies each chunk, as its memory is used again. */
async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

/** What arrives before the stream fails. */
async function collectUntilError(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0
  try {
    for await (const chunk of chunks) bytes += chunk.length
    return { bytes, error: undefined }
  } catch (error) {
    return { bytes, error }
  }
}

async function digestOf(content: BlobContent): Promise<Digest> {
  const whole = await collect(new BlobStreams(reader).read(content, all(content)))
  return parseDigest(`sha256:${createHash('sha256').update(whole).digest('hex')}`)
}

void t.test('a stream holds what the layer holds, the same for any range of it', async (t) => {
  const streams = new BlobStreams(reader)
  const content = layerOf(
    fileOf(700 * KIB).entry,
    { kind: 'directory', name: asByteString('nix'), mode: 0o755 },
    fileOf(1).entry,
    fileOf(0).entry,
    fileOf(900 * KIB + 13).entry,
  )
  const whole = await collect(streams.read(content, all(content)))
  t.equal(whole.length, contentSize(content))
  const { digest } = await reader.digest({ kind: 'paths', paths: [] })
  t.match(digest, /^sha256:/)
  const wrong = []
  for (let i = 0; i < 60; i++) {
    const [a, b] = [random.below(whole.length + 1), random.below(whole.length + 1)]
    const range = { start: Math.min(a, b), end: Math.max(a, b) }
    const found = await collect(streams.read(content, range))
    if (!found.equals(whole.subarray(range.start, range.end))) wrong.push(range)
  }
  t.strictSame(wrong, [])
})

void t.test('chunks are large, but the last', async (t) => {
  const content = layerOf(...Array.from({ length: 60 }, () => fileOf(131 * KIB).entry))
  const lengths = []
  for await (const chunk of new BlobStreams(reader).read(content, all(content))) lengths.push(chunk.length)
  t.ok(lengths.length > 3)
  t.ok(lengths.slice(0, -1).every((length) => length === CHUNK))
})

void t.test('a document is streamed like a layer, and an empty range ends at once', async (t) => {
  const streams = new BlobStreams(reader)
  const content: BlobContent = { kind: 'bytes', bytes: Buffer.from('{"a":1}') }
  t.equal((await collect(streams.read(content, all(content)))).toString(), '{"a":1}')
  t.equal((await collect(streams.read(content, { start: 1, end: 4 }))).toString(), '"a"')
  t.equal((await collect(streams.read(content, { start: 3, end: 3 }))).length, 0)
  t.equal(
    (
      await collect(
        streams.readVerified(
          { kind: 'bytes', bytes: Buffer.alloc(0) },
          { start: 0, end: 0 },
          await digestOf({ kind: 'bytes', bytes: Buffer.alloc(0) }),
        ),
      )
    ).length,
    0,
  )
})

void t.test('many streams at once each hold their own bytes', async (t) => {
  const streams = new BlobStreams(reader)
  const contents = Array.from({ length: 12 }, (_, i) => layerOf(fileOf(300 * KIB + i * 70_001).entry))
  const expected = await Promise.all(contents.map(digestOf))
  const found = await Promise.all(
    contents.map(async (content) => {
      const hash = createHash('sha256')
      for await (const chunk of streams.read(content, all(content))) {
        // The consumer takes its time with the chunk, as a slow client does.
        await new Promise((resolve) => setImmediate(resolve))
        hash.update(chunk)
      }
      return `sha256:${hash.digest('hex')}`
    }),
  )
  t.strictSame(found, expected)
})

void t.test('a file that isn’t what was hashed breaks the stream off', async (t) => {
  for (const [what, change, message] of [
    ['vanished', (path: string) => rmSync(path), /store path vanished/],
    ['grown', (path: string) => appendFileSync(path, 'x'), /changed its size/],
    ['shrunk', (path: string) => truncateSync(path, 10), /changed its size/],
    [
      'become a directory',
      (path: string) => {
        rmSync(path)
        mkdirSync(path)
      },
      /changed its size|cannot be read/,
    ],
  ] as const) {
    const [first, second] = [fileOf(2 * CHUNK), fileOf(4 * CHUNK)]
    const content = layerOf(first.entry, second.entry)
    change(second.path)
    const { bytes, error } = await collectUntilError(new BlobStreams(reader).read(content, all(content)))
    t.match(error, { name: 'RegistryError', kind: 'unavailable', message }, what)
    t.ok(bytes > 0 && bytes <= 2 * CHUNK + 1024, `${what}: in mid-stream`, { bytes })
  }
})

void t.test('a verified stream holds the same bytes, and ranges of it', async (t) => {
  const streams = new BlobStreams(reader)
  const content = layerOf(fileOf(3200 * KIB).entry, fileOf(3).entry)
  const whole = await collect(streams.read(content, all(content)))
  const digest = await digestOf(content)
  for (const [start, end] of [
    [0, whole.length],
    [0, 1],
    [CHUNK, 2 * CHUNK],
    [CHUNK - 1, CHUNK + 1],
    [whole.length - 1, whole.length],
    [10, 10],
  ] as const) {
    const found = await collect(streams.readVerified(content, { start, end }, digest))
    t.ok(found.equals(whole.subarray(start, end)), `${start} to ${end}`)
  }
})

void t.test('a verified stream of other bytes ends before its last chunk', async (t) => {
  const streams = new BlobStreams(reader)
  const file = fileOf(3200 * KIB)
  const content = layerOf(file.entry)
  const digest = await digestOf(content)
  const size = contentSize(content)
  const wrong = { name: 'RegistryError', kind: 'unavailable', detail: { digest } }

  // One byte in place: no size tells.
  const changed = Buffer.concat(Array.from({ length: 4 }, () => MEGABYTE)).subarray(0, 3200 * KIB)
  writeFileSync(file.path, changed)
  const plain = await collectUntilError(streams.read(content, all(content)))
  t.strictSame(plain, { bytes: size, error: undefined }, 'nobody looks unless asked to')
  const whole = await collectUntilError(streams.readVerified(content, all(content), digest))
  t.match(whole.error, wrong)
  t.ok(whole.bytes > 0 && whole.bytes < size, 'cut', whole)
  const range = await collectUntilError(streams.readVerified(content, { start: 0, end: 10 }, digest))
  t.match(range, { bytes: 0, error: wrong }, 'of a range in one chunk nothing is sent')
})

void t.test('a consumer that stops early leaves nothing behind', async (t) => {
  // Counts what is asked of the reader and how much of it is still going on.
  const jobs = { begun: 0, running: 0 }
  const counting = Object.create(reader) as StoreReader
  counting.forget = (slab) => reader.forget(slab)
  counting.read = async (parts, buffer) => {
    jobs.begun += 1
    jobs.running += 1
    try {
      return await reader.read(parts, buffer)
    } finally {
      jobs.running -= 1
    }
  }
  const streams = new BlobStreams(counting)
  const content = layerOf(...Array.from({ length: 40 }, () => fileOf(250 * KIB).entry))
  for (let i = 0; i < 80; i++) {
    for await (const chunk of streams.read(content, all(content))) {
      if (chunk.length > 0) break
    }
  }
  t.ok(jobs.begun <= 80 * 3, 'no more is read ahead than three chunks', jobs)
  while (jobs.running > 0) await new Promise((resolve) => setImmediate(resolve))
  const begun = jobs.begun
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(jobs.begun, begun, 'and nobody goes on reading')

  // Were the 80 still counted as active, a new stream would read one chunk at a time.
  jobs.begun = 0
  const next = streams.read(content, all(content))
  await next.next()
  t.equal(jobs.begun, 3, 'a stream alone reads ahead again')
  await next.return(undefined)
})

void t.test('a consumer that never begins costs nothing', async (t) => {
  const streams = new BlobStreams(reader)
  const content = layerOf(fileOf(10).entry)
  await streams.read(content, all(content)).return(undefined)
  t.equal((await collect(streams.read(content, all(content)))).length, contentSize(content))
})

/** A reader that counts how often it is asked. */
function countingReader(): { readonly jobs: { count: number }; readonly counting: StoreReader } {
  const jobs = { count: 0 }
  const counting = Object.create(reader) as StoreReader
  counting.forget = (slab) => reader.forget(slab)
  counting.read = async (parts, buffer) => {
    jobs.count += 1
    await reader.read(parts, buffer)
  }
  return { jobs, counting }
}

void t.test('streams of one layer at the same time read it once', async (t) => {
  const content = layerOf(fileOf(4000 * KIB).entry, fileOf(1000 * KIB).entry)
  const expected = await digestOf(content)
  const { jobs, counting } = countingReader()
  const streams = new BlobStreams(counting)
  const digest = async () => {
    const hash = createHash('sha256')
    for await (const chunk of streams.read(content, all(content))) {
      await new Promise((resolve) => setImmediate(resolve))
      hash.update(chunk)
    }
    return `sha256:${hash.digest('hex')}`
  }
  const found = await Promise.all(Array.from({ length: 8 }, digest))
  t.ok(found.every((one) => one === expected))
  // The first two begin with larger chunks than eight have.
  t.ok(jobs.count < 20, 'once, not eight times', jobs)

  jobs.count = 0
  t.equal(await digest(), expected)
  t.ok(jobs.count >= 3, 'a stream that begins when all have ended reads the store again', jobs)
})

void t.test(
  'a stream that is slow, or breaks off, changes nothing for others of the same layer',
  async (t) => {
    const content = layerOf(fileOf(5000 * KIB).entry)
    const whole = await collect(new BlobStreams(reader).read(content, all(content)))
    const streams = new BlobStreams(reader)
    const slow = streams.read(content, all(content))
    const first = Buffer.from((await slow.next()).value ?? [])
    const leaving = streams.read(content, all(content))
    const { value: kept } = await leaving.next()
    await leaving.return(undefined)
    const copy = Buffer.from(kept ?? [])
    for (let i = 0; i < 20; i++) t.ok((await collect(streams.read(content, all(content)))).equals(whole))
    t.ok(Buffer.from(kept ?? []).equals(copy), 'memory that may still be sent is not used again')
    const rest = await collect(slow)
    t.ok(Buffer.concat([first, rest]).equals(whole), 'the slow one goes on where it was')
  },
)

void t.test('a read that failed is tried again by the next stream of the same layer', async (t) => {
  const file = fileOf(3000 * KIB)
  const bytes = readFileSync(file.path)
  const content = layerOf(file.entry)
  const whole = await collect(new BlobStreams(reader).read(content, all(content)))
  const streams = new BlobStreams(reader)
  const waiting = streams.read(content, { start: 0, end: 10 })
  await waiting.next()
  truncateSync(file.path, 10)
  t.match(await collectUntilError(streams.read(content, all(content))), { error: { kind: 'unavailable' } })
  writeFileSync(file.path, bytes)
  t.ok((await collect(streams.read(content, all(content)))).equals(whole))
  await waiting.return(undefined)
})
