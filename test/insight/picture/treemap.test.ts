import t from 'tap'
import { treemap } from '../../../src/insight/picture/treemap.ts'
import { seededRandom } from '../../seeded-random.ts'

const AREA = { x: 10, y: 20, width: 600, height: 400 }

void t.test('areas are shares', (t) => {
  const { below } = seededRandom(3)
  for (const values of [
    [1],
    [6, 6, 4, 3, 2, 2, 1],
    Array.from({ length: 200 }, () => 1 + below(10_000)).toSorted((a, b) => b - a),
    [1e12, 1, 1],
  ]) {
    const total = values.reduce((sum, value) => sum + value, 0)
    const places = treemap(values, AREA)
    t.equal(places.length, values.length)
    for (const [at, { x, y, width, height }] of places.entries()) {
      const share = ((values[at] ?? 0) / total) * AREA.width * AREA.height
      t.ok(Math.abs(width * height - share) < 1e-6 * share + 1e-6, `${width} × ${height} is ${share}`)
      t.ok(x >= AREA.x - 1e-6 && x + width <= AREA.x + AREA.width + 1e-6)
      t.ok(y >= AREA.y - 1e-6 && y + height <= AREA.y + AREA.height + 1e-6)
    }
  }
  t.end()
})

void t.test('the example of the paper is as square as it is there', (t) => {
  const places = treemap([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 600, height: 400 })
  t.match(places[0], { x: 0, y: 0, width: 300, height: 200 })
  t.match(places[1], { x: 0, y: 200, width: 300, height: 200 })
  t.end()
})

void t.test('no values, and no room', (t) => {
  t.strictSame(treemap([], AREA), [])
  t.equal(treemap([1, 1], { ...AREA, width: 0 }).length, 2)
  t.end()
})
