import t from 'tap'
import { inventoryDifference } from '../../../src/insight/difference/inventory-difference.ts'
import { component, inventoryOf } from '../../http/pages/synthetic-image.ts'

const one = (number: number, name: string, version: string, output = 'out') =>
  component(number, { name, version, output })

void t.test('components are matched by name and output', (t) => {
  const none = inventoryOf(0)
  for (const [what, before, after, expected] of [
    ['nothing', [], [], [0, 0, 0, 0]],
    ['the same', [one(1, 'a', '1')], [one(1, 'a', '1')], [0, 0, 0, 1]],
    ['another version', [one(1, 'a', '1')], [one(2, 'a', '2')], [1, 0, 0, 0]],
    ['made otherwise', [one(1, 'a', '1')], [one(2, 'a', '1')], [1, 0, 0, 0]],
    ['another output', [one(1, 'a', '1')], [one(2, 'a', '1', 'dev')], [0, 1, 1, 0]],
    ['one version more', [one(1, 'a', '1')], [one(1, 'a', '1'), one(2, 'a', '2')], [0, 1, 0, 1]],
    ['one version fewer', [one(1, 'a', '1'), one(2, 'a', '2')], [one(3, 'a', '3')], [1, 0, 1, 0]],
  ] as const) {
    const { changed, added, removed, unchanged } = inventoryDifference(
      { ...none, components: before },
      { ...none, components: after },
    )
    t.strictSame([changed.length, added.length, removed.length, unchanged], expected, what)
  }
  t.end()
})
