import t from 'tap'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BufferPool, type SharedBuffer, type Slab } from '../../src/layer/buffer-pool.ts'

const SLAB = 2 * 1024 * 1024
const HALF = SLAB / 2
const QUARTER = SLAB / 4

void t.test('a buffer given back is taken again', async (t) => {
  const pool = new BufferPool(10 * SLAB)
  const first = pool.take(QUARTER)
  t.equal(first.size, QUARTER)
  const second = pool.take(QUARTER)
  t.not(second, first, 'not while it is in use')
  pool.give(first)
  t.equal(pool.take(QUARTER), first)
})

void t.test('buffers in use never overlap, whatever their sizes', async (t) => {
  const pool = new BufferPool(2 * SLAB)
  const used: SharedBuffer[] = []
  // A sequence of its own each time: any is as good.
  for (let i = 0; i < 500; i++) {
    const size = SLAB >> ((i * 7) % 5)
    if (i % 3 === 2) pool.give(used.splice((i * 11) % used.length, 1)[0] as SharedBuffer)
    else used.push(pool.take(size))
  }
  for (const one of used) {
    t.ok(one.start + one.size <= one.slab.memory.byteLength)
    const others = used.filter((other) => other !== one && other.slab === one.slab)
    for (const other of others)
      if (other.start < one.start + one.size && one.start < other.start + other.size)
        t.fail('they overlap', { one, other })
  }
})

void t.test('the memory of one size serves another, once none of it is in use', async (t) => {
  const pool = new BufferPool(10 * SLAB)
  const quarters = [1, 2, 3, 4].map(() => pool.take(QUARTER))
  const slabs = new Set(quarters.map(({ slab }) => slab))
  t.equal(slabs.size, 1, 'one slab holds four')
  const [last, ...others] = quarters as [SharedBuffer, ...SharedBuffer[]]
  for (const buffer of others) pool.give(buffer)
  t.notOk(slabs.has(pool.take(HALF).slab), 'one is in use')
  pool.give(last)
  t.ok(slabs.has(pool.take(SLAB).slab))
})

void t.test('no more lies idle than may, and who holds the memory hears of it', async (t) => {
  const dropped: Slab[] = []
  const pool = new BufferPool(2 * SLAB, (slab) => dropped.push(slab))
  const buffers = [1, 2, 3].map(() => pool.take(SLAB))
  for (const buffer of buffers) pool.give(buffer)
  t.strictSame(dropped, [buffers[2]?.slab])
  const again = [1, 2, 3].map(() => pool.take(SLAB).slab)
  t.equal(buffers.filter(({ slab }) => again.includes(slab)).length, 2)
})

void t.test('a pool says whether a buffer needs more memory than it may have', async (t) => {
  const pool = new BufferPool(10 * SLAB)
  t.ok(pool.hasWithin(SLAB, HALF))
  t.notOk(pool.hasWithin(SLAB - 1, HALF))
  const half = pool.take(HALF)
  t.ok(pool.hasWithin(SLAB, HALF), 'the other half')
  t.notOk(pool.hasWithin(SLAB, QUARTER), 'the slab is cut into halves')
  t.ok(pool.hasWithin(2 * SLAB, QUARTER))
  pool.give(half)
  t.ok(pool.hasWithin(0, QUARTER), 'an idle slab is there already')
})

void t.test(
  'a buffer that somebody may still read is taken again after the last reference is gone',
  async (t) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const pool = new BufferPool(10 * SLAB)
    const readers: Buffer[] = []
    const { slab } = giveLater(pool, readers)
    const isIdle = async () => {
      // What was in a register of the engine has to leave it.
      await setTimeout(10)
      collect()
      await setTimeout(10)
      const taken = pool.take(SLAB)
      pool.give(taken)
      return taken.slab === slab
    }
    for (let i = 0; i < 5; i++) t.notOk(await isIdle())
    readers.length = 0
    let isIt = false
    for (const deadline = Date.now() + 10_000; Date.now() < deadline && !isIt;) isIt = await isIdle()
    t.ok(isIt)
  },
)

/** A function of its own, so that nothing else refers to the bytes. */
function giveLater(pool: BufferPool, readers: Buffer[]): SharedBuffer {
  const buffer = pool.take(SLAB)
  const bytes = Buffer.from(buffer.slab.memory, buffer.start, buffer.size)
  readers.push(bytes)
  pool.giveLater(buffer, bytes)
  return buffer
}
