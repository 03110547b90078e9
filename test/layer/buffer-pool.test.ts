import t from 'tap'
import { BufferPool } from '../../src/layer/buffer-pool.ts'

const SIZE = 1024

void t.test('a buffer given back is taken again', async (t) => {
  const pool = new BufferPool(SIZE, 10)
  const first = pool.take()
  t.equal(first.byteLength, SIZE)
  t.not(pool.take(), first, 'not while it is in use')
  pool.give(first)
  t.equal(pool.take(), first)
})

void t.test('no more lie idle than may', async (t) => {
  const pool = new BufferPool(SIZE, 2)
  const buffers = [pool.take(), pool.take(), pool.take()]
  for (const buffer of buffers) pool.give(buffer)
  const again = [pool.take(), pool.take(), pool.take()]
  t.equal(again.filter((buffer) => buffers.includes(buffer)).length, 2)
})

void t.test('a buffer of another size isn’t kept, nor one that was transferred away', async (t) => {
  const pool = new BufferPool(SIZE, 10)
  const other = new ArrayBuffer(SIZE - 1)
  pool.give(other)
  const gone = pool.take()
  structuredClone(gone, { transfer: [gone] })
  pool.give(gone)
  const taken = pool.take()
  t.not(taken, other)
  t.not(taken, gone)
  t.equal(taken.byteLength, SIZE)
})

void t.test('no buffer shares memory with small allocations of Node’s', async (t) => {
  const buffer = new BufferPool(SIZE, 1).take()
  t.not(buffer, Buffer.from('x').buffer)
})
