import t from 'tap'
import { BufferPool, type SharedBuffer } from '../../src/layer/buffer-pool.ts'

const SIZE = 1024

void t.test('a buffer given back is taken again', async (t) => {
  const pool = new BufferPool(SIZE, 10)
  const first = pool.take()
  t.equal(first.memory.byteLength, SIZE)
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

void t.test('who holds memory of a buffer hears when it is not used any more', async (t) => {
  const dropped: SharedBuffer[] = []
  const pool = new BufferPool(SIZE, 1, (buffer) => dropped.push(buffer))
  const [kept, surplus, givenUp] = [pool.take(), pool.take(), pool.take()]
  pool.give(kept)
  pool.give(surplus)
  pool.drop(givenUp)
  t.strictSame(
    dropped.map(({ id }) => id),
    [surplus.id, givenUp.id],
  )
  t.equal(pool.take(), kept)
})
