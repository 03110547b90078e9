import t from 'tap'
import { assertNotShrunk } from '../../../src/delivery/plan/shrink-guard.ts'

const NAME = { namespace: 'default', name: 'web' }

/** Objects of the set, those that it had before, and those that would be deleted. */
const CASES: readonly (readonly [string, readonly [number, number, number], object, RegExp | undefined])[] = [
  ['nothing of nothing', [0, 0, 0], {}, undefined],
  ['everything', [0, 0, 2], {}, /has no objects now, and all 2 of it would be deleted: --allow-empty/],
  ['everything, allowed', [0, 0, 2], { mayBeEmpty: true }, undefined],
  ['everything, and all of it stays anyway', [0, 0, 0], {}, undefined],
  ['half', [5, 5, 5], {}, undefined],
  ['more than half', [4, 4, 6], {}, /6 of the 10 objects of default\/web would be deleted: --allow-shrink/],
  ['more than half, and new ones come', [50, 4, 6], {}, /6 of the 10 objects/],
  ['more than half, allowed', [4, 4, 6], { mayShrink: true }, undefined],
  ['most of a small set', [1, 1, 3], {}, undefined],
]

for (const [what, [objects, kept, deleted], allowed, message] of CASES)
  void t.test(`a set loses ${what}`, (t) => {
    const shrinking = { objects, kept, deleted }
    const allowances = { mayBeEmpty: false, mayShrink: false, ...allowed }
    if (message === undefined) t.doesNotThrow(() => assertNotShrunk(NAME, shrinking, allowances))
    else t.throws(() => assertNotShrunk(NAME, shrinking, allowances), { kind: 'shrink', message })
    t.end()
  })
