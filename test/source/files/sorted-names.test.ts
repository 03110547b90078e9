import { asByteString } from '../../../src/core/byte-string.ts'
import t from 'tap'
import { sortedNames } from '../../../src/source/files/sorted-names.ts'
import { seededRandom } from '../../seeded-random.ts'

const random = seededRandom(9)

void t.test('names are sorted by byte value, however many there are', async (t) => {
  for (const count of [0, 1, 2, 3_999, 4_000, 4_001, 12_345, 50_000]) {
    const names = [
      ...new Set(
        Array.from({ length: count }, () => asByteString(`n${random.below(1e9).toString(36)}\u00ff`)),
      ),
    ]
    t.strictSame(await sortedNames(names), names.toSorted(), `${count} names`)
  }
})

void t.test('other work gets its turn', async (t) => {
  const names = Array.from({ length: 50_000 }, () => asByteString(random.below(1e9).toString(36)))
  let turns = 0
  const count = () => {
    turns += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  await sortedNames([...new Set(names)])
  clearImmediate(timer)
  t.ok(turns > 20, `${turns} turns`)
})
