import t from 'tap'
import { EncoderSpeed, isDecoderSlower } from '../../src/encoded/encoder-speed.ts'

const MB_PER_S = 1000
const GIGABIT = 119 * MB_PER_S

void t.test('the level that brings a layer to its client first, or none', async (t) => {
  let now = 0
  const speed = new EncoderSpeed(() => now)
  t.equal(speed.levelFor(undefined), 1, 'a network that nobody knows')
  t.equal(speed.levelFor(GIGABIT), -2)
  t.equal(speed.levelFor(GIGABIT / 3), 1)
  t.equal(speed.levelFor(10 * GIGABIT), undefined, 'faster than an encoder is taken for')

  /** Layers enough to forget what was before. */
  const measure = (mbPerS: number, level = 1) => {
    for (let i = 0; i < 20; i++)
      speed.note({ level, size: 50e6, encodedSize: 15e6, ms: 50e6 / (mbPerS * MB_PER_S) })
  }
  for (const [encoder, network, expected] of [
    [300, 1 * MB_PER_S, 6],
    [300, 18 * MB_PER_S, 6],
    [300, 36 * MB_PER_S, 3],
    [300, 80 * MB_PER_S, 1],
    [300, GIGABIT, -2],
    [300, 410 * MB_PER_S, -2],
    [300, 430 * MB_PER_S, undefined],
    [450, GIGABIT, 1],
    [90, GIGABIT, -2],
    [80, GIGABIT, undefined],
    [2000, 10 * GIGABIT, -2],
  ] as const) {
    measure(encoder)
    t.equal(speed.levelFor(network), expected, `${encoder} and ${network / MB_PER_S} MB/s`)
  }

  measure(80)
  now += 61_000
  t.equal(speed.levelFor(GIGABIT), -2, 'a machine that was busy a minute ago is tried again')
  measure(100, 6)
  t.equal(speed.levelFor(3 * GIGABIT), -2, 'level 6 at 100 MB/s shows a fast encoder')
  measure(300)
  speed.note({ level: 1, size: 10e6, encodedSize: 5e6, ms: 200 })
  t.equal(speed.levelFor(GIGABIT), -2, 'one small layer decides nothing')
})

void t.test('a network that is faster than any decoder', async (t) => {
  t.equal(isDecoderSlower(undefined), false)
  t.equal(isDecoderSlower(GIGABIT), false)
  t.equal(isDecoderSlower(10 * GIGABIT), true)
})
