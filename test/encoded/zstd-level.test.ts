import t from 'tap'
import { ZstdLevel } from '../../src/encoded/zstd-level.ts'

void t.test('the level follows which of encoder and network is slower', async (t) => {
  const level = new ZstdLevel()
  const [encoderSlower, between, networkSlower] = [90, 30, 0]
  for (const [waits, expected] of [
    [between, 1],
    [networkSlower, 3],
    [networkSlower, 6],
    [networkSlower, 6],
    [between, 6],
    [encoderSlower, 3],
    [encoderSlower, 1],
    [encoderSlower, 1],
  ] as const) {
    level.note({ waits, pieces: 100 })
    t.equal(level.current, expected)
  }
  level.note({ waits: 0, pieces: 0 })
  t.equal(level.current, 1, 'nothing written tells nothing')
})
