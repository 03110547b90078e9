import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { ByteRange } from '../../src/core/oci/range.ts'
import { BufferPool } from '../../src/layer/buffer-pool.ts'
import { SharedChunks, type ChunkStream, type FilledBuffer } from '../../src/layer/shared-chunks.ts'

const CHUNK = 1024 * 1024
/** The chunks that may be kept while no stream has them. */
const KEPT = 12
/** Dropped at once, and used again a moment later. */
const DROPPED = 3
/** More than are kept. */
const MANY = 40

type Blob = {
  /** The starts of the chunks that were read, in chunks. */
  readonly reads: number[]
  readonly read: (range: ByteRange) => Promise<FilledBuffer>
}

function chunksOf(...names: readonly string[]) {
  const use = { now: 0, most: 0 }
  class CountingPool extends BufferPool {
    override take(size: number) {
      use.most = Math.max(use.most, (use.now += 1))
      return super.take(size)
    }
    override give(buffer: Parameters<BufferPool['give']>[0]) {
      use.now -= 1
      super.give(buffer)
    }
  }
  const pool = new CountingPool(0)
  const blobs = names.map((): Blob => {
    const reads: number[] = []
    const read = async ({ start }: ByteRange) => {
      reads.push(start / CHUNK)
      const buffer = pool.take(CHUNK)
      return { buffer, bytes: new Uint8Array(buffer.slab.memory, buffer.start, CHUNK) }
    }
    return { reads, read }
  })
  const shared = new SharedChunks(pool)
  const join = (blob: Blob) => shared.join(blob, blob.read)
  return { use, blobs, join, shared }
}

/** Takes chunks one after the other, and gives each back. */
async function pass(stream: ChunkStream, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const chunk = stream.take({ start: i * CHUNK, end: (i + 1) * CHUNK })
    await chunk.filled
    stream.give(chunk, false)
  }
  await setImmediate()
}

void t.test('a stream that is far behind finds the chunks that it reaches next', async (t) => {
  const { use, blobs, join } = chunksOf('one')
  const [blob] = blobs as [Blob]
  const [first, second] = [join(blob), join(blob)]
  await pass(first, 0, MANY)
  t.equal(blob.reads.length, MANY)
  t.ok(use.most <= KEPT + 1 + DROPPED, 'no more is kept than may', use)
  await pass(second, 0, MANY)
  const again = new Set(blob.reads.slice(MANY))
  for (let i = 0; i < KEPT - DROPPED; i++) t.notOk(again.has(i), `chunk ${i} is not read again`)
  t.ok(use.most <= KEPT + 1 + DROPPED, 'nor of two', use)
})

void t.test('chunks that all streams have passed go first', async (t) => {
  const { blobs, join } = chunksOf('one')
  const [blob] = blobs as [Blob]
  const [first, second] = [join(blob), join(blob)]
  await pass(first, 0, KEPT)
  await pass(second, 0, KEPT)
  t.equal(blob.reads.length, KEPT)
  await pass(first, KEPT, KEPT + 8)
  await pass(second, KEPT, KEPT + 8)
  t.equal(blob.reads.length, KEPT + 8, 'those between the two are there')
})

void t.test('a stream of another blob finds the beginning of this one', async (t) => {
  const { blobs, join } = chunksOf('one', 'two')
  const [one, two] = blobs as [Blob, Blob]
  const [ahead, behind] = [join(two), join(one)]
  join(one)
  await pass(ahead, 0, MANY)
  behind.leave()
  const next = join(two)
  await pass(next, 0, KEPT - DROPPED)
  t.equal(two.reads.length, MANY)
})

void t.test('nothing is kept for a stream alone, or of a blob that no stream reads', async (t) => {
  const { use, blobs, join } = chunksOf('one', 'two')
  const [one, two] = blobs as [Blob, Blob]
  const alone = join(one)
  await pass(alone, 0, 5)
  t.equal(use.now, 0)
  const other = join(two)
  await pass(other, 0, 5)
  t.equal(use.now, 5)
  other.leave()
  await setImmediate()
  t.equal(use.now, 0)
  await pass(alone, 5, 8)
  t.equal(use.now, 0)
  const third = join(one)
  await pass(alone, 8, 10)
  t.equal(use.now, 2)
  third.leave()
  await setImmediate()
  t.equal(use.now, 0, 'the last one that others left alone')
})

void t.test('chunks make room at once, those that are reached last first', async (t) => {
  const { use, blobs, join, shared } = chunksOf('one')
  const [blob] = blobs as [Blob]
  const [first, second] = [join(blob), join(blob)]
  await pass(first, 0, 8)
  t.equal(use.now, 8)
  shared.makeRoom(() => use.now <= 5)
  t.equal(use.now, 5)
  await pass(second, 0, 8)
  t.strictSame(blob.reads.slice(8), [5, 6, 7])
  const held = first.take({ start: 0, end: CHUNK })
  shared.makeRoom(() => false)
  t.equal(use.now, 1, 'a chunk that a stream has stays')
  first.give(held, false)
})

void t.test('a chunk that could not be read is not kept', async (t) => {
  const { use, blobs, join } = chunksOf('one')
  const [blob] = blobs as [Blob]
  let isBroken = true
  const read = (range: ByteRange) => (isBroken ? Promise.reject(new Error('gone')) : blob.read(range))
  const shared = { ...blob, read }
  const [first, second] = [join(shared), join(shared)]
  const failed = first.take({ start: 0, end: CHUNK })
  await t.rejects(failed.filled, { message: 'gone' })
  first.give(failed, true)
  isBroken = false
  await pass(second, 0, 1)
  t.strictSame(blob.reads, [0])
  for (const stream of [first, second]) stream.leave()
  await setImmediate()
  t.equal(use.now, 0)
})
