import t from 'tap'
import { imageChanges } from '../../../src/delivery/plan/image-changes.ts'
import { objectOf } from '../objects.ts'

const IMAGE = (letter: string, name: string) => `nix.internal/nix/store/${letter.repeat(32)}-${name}`
const podWith = (...images: readonly string[]) =>
  objectOf('Pod/shop/web', { spec: { containers: images.map((image) => ({ image })) } })

void t.test('the same field with another image is a change', (t) => {
  const [old, next, side] = [IMAGE('a', 'web'), IMAGE('b', 'web'), IMAGE('c', 'proxy')]
  t.same(imageChanges([podWith(old, side, old)], [podWith(next, side, next)]), [
    {
      before: `${old}:latest`,
      after: `${next}:latest`,
      places: ['Pod shop/web, spec.containers[0].image', 'Pod shop/web, spec.containers[2].image'],
    },
  ])
  t.same(imageChanges([podWith(old)], [podWith(old, next)]), [], 'a new field is no change of an image')
  t.same(imageChanges([], [podWith(old)]), [])
  t.end()
})
