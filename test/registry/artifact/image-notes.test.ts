import { utimesSync } from 'node:fs'
import t from 'tap'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { parseSigningKey } from '../../../src/core/nix/signature.ts'
import { ImageNotes } from '../../../src/registry/artifact/image-notes.ts'
import type { Steps } from '../../../src/registry/artifact/images.ts'
import { DigestIndex } from '../../../src/registry/state/digest-index.ts'
import { fakeExport } from '../../archive/fake-images.ts'
import { instantiate, realise, withoutNix } from '../../nix/real-store.ts'
import { bytesOf, imageExpression, referenceTo, registryOf } from '../real-registry.ts'

const [image] = fakeExport('hello', 'one', 'two').images
const KEY = 'cache.example-1:7qlvWDxkgnOZ2DkOrXxJsRuVjJWQbQqQqZ0dQKpmKxM='

void t.test('a note counts for the same path, tag, form, stamp and settings', async (t) => {
  if (image === undefined) throw new Error('no image')
  const notes = new Map<string, string>()
  const index = { note: notes.get.bind(notes), putNote: notes.set.bind(notes) }
  const open = { servePackages: false, requiredKeys: [] }
  const name = { root: image.root, tag: 'a', form: 'tar', stamp: '1' } as const
  new ImageNotes(index, open).put(name, image)
  t.strictSame(new ImageNotes(index, open).get(name), image)
  const key = parseSigningKey(KEY)
  if (key === undefined) throw new Error('no key')
  for (const [what, other, options] of [
    ['stamp', { stamp: '2' }, {}],
    ['tag', { tag: 'b' }, {}],
    ['no tag', { tag: undefined }, {}],
    ['form', { form: 'erofs' }, {}],
    ['path', { root: `${image.root}-1` as StorePath }, {}],
    ['packages', {}, { servePackages: true }],
    ['keys', {}, { requiredKeys: [key] }],
  ] as const)
    t.equal(new ImageNotes(index, { ...open, ...options }).get({ ...name, ...other }), undefined, what)
})

void t.test('an image that is too large for a note is made anew', async (t) => {
  if (image === undefined) throw new Error('no image')
  const notes = new Map<string, string>()
  const index = { note: notes.get.bind(notes), putNote: notes.set.bind(notes) }
  const name = { root: image.root, tag: undefined, form: 'tar', stamp: '1' } as const
  const large = { ...image, config: { ...image.config, bytes: new Uint8Array(300_000) } }
  new ImageNotes(index, { servePackages: false, requiredKeys: [] }).put(name, large)
  t.equal(notes.size, 0)
})

void t.test('after a restart an image is neither read nor planned again', { skip: withoutNix }, async (t) => {
  const derivation = await instantiate(imageExpression('noted'))
  const [path] = await realise(derivation)
  if (path === undefined) throw new Error('no output')
  const steps: Steps[] = []
  const first = registryOf(t, { onImage: (_, taken) => steps.push(taken) })
  const made = await first.registry.image(referenceTo(path), 'latest')
  const index = new DigestIndex(first.directory)
  t.teardown(() => index.close())
  const { registry } = registryOf(t, { index, onImage: (_, taken) => steps.push(taken) })
  const again = await registry.image(referenceTo(path), 'latest')
  t.strictSame(
    steps.map((taken) => Object.keys(taken).sort()),
    [['closure', 'digest', 'plan', 'realise', 'source'], ['realise']],
  )
  t.strictSame(Buffer.from(again.manifest.bytes), Buffer.from(made.manifest.bytes))
  for (const { digest, size } of again.layers)
    t.equal((await bytesOf(await registry.blob(referenceTo(path), digest))).length, size)

  // Another file at the same place, as after a collection and another build.
  utimesSync(path, 2, 2)
  t.teardown(() => utimesSync(path, 1, 1))
  const other = registryOf(t, { index, onImage: (_, taken) => steps.push(taken) })
  t.equal((await other.registry.image(referenceTo(path), 'latest')).manifest.digest, made.manifest.digest)
  t.ok('source' in (steps.at(-1) ?? {}), 'made again for another stamp')
})
