/** Manifests that are remembered are those that a pull gets, and only for as long as a pull would get them so. */
import { lutimesSync } from 'node:fs'
import t from 'tap'
import type { Selector } from '../../src/core/oci/route.ts'
import type { ManifestWanted } from '../../src/registry/registry.ts'
import { instantiate, realise, withoutNix } from '../nix/real-store.ts'
import { imageExpression, referenceTo, registryOf } from './real-registry.ts'

const NIX: Selector = { kind: 'tag', tag: 'nix' }

void t.test('a manifest is recalled once it was made', { skip: withoutNix }, async (t) => {
  const lookups: string[] = []
  const { registry } = registryOf(t, { onLookup: (result) => lookups.push(result) })
  const [output] = await realise(await instantiate(imageExpression('recalled')))
  if (output === undefined) throw new Error('no output')
  const reference = referenceTo(output)
  const recalled = (selector: Selector, wanted?: ManifestWanted) =>
    registry.recalledManifest(reference, selector, wanted)
  t.equal(recalled(NIX), undefined, 'not made yet')
  const made = await registry.manifest(reference, NIX)
  const byDigest: Selector = { kind: 'digest', digest: made.digest }
  t.same(lookups, ['made'])
  t.equal(recalled(NIX), made)
  t.equal(recalled(byDigest), made)
  t.equal(recalled(NIX, { takesIndex: false }), made)
  t.same(lookups, ['made', 'remembered', 'remembered', 'remembered'], 'as pulls are counted')
  t.equal(recalled({ kind: 'tag', tag: 'latest' }), undefined, 'another tag was not made')
  t.equal(recalled(NIX, { form: 'erofs' }), undefined, 'nor another form')
  const erofs = await registry.manifest(reference, NIX, { form: 'erofs' })
  t.equal(recalled(NIX, { form: 'erofs' }), erofs)
  t.equal(recalled({ kind: 'digest', digest: erofs.digest }), erofs)
  t.equal(
    recalled({ kind: 'tag', tag: 'erofs' }),
    undefined,
    'a tag that demands a form is for the other way',
  )
  t.equal(registry.recalledManifest({ ...reference, slug: 'other' }, NIX), undefined)
  // Its time of change is part of what shows that it is another one.
  lutimesSync(output, 1, 1)
  t.equal(recalled(NIX), undefined, 'the path is not the one that the image was made of')
  t.equal(recalled(byDigest), undefined)
})
