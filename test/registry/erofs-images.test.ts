/** Images in both forms: by tag, by the wish of a node, and by digest on a registry that never saw either. */
import { createHash } from 'node:crypto'
import t from 'tap'
import type { Digest } from '../../src/core/oci/digest.ts'
import { MEDIA_TYPE } from '../../src/core/oci/image.ts'
import type { Document } from '../../src/core/oci/image.ts'
import type { Reference } from '../../src/core/oci/reference.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { instantiate, realise, shellDerivation, withoutNix } from '../nix/real-store.ts'
import { RUN, bytesOf, imageExpression, json, quotedImage, referenceTo, registryOf } from './real-registry.ts'

type Layers = { readonly layers: readonly { readonly mediaType: string; readonly digest: Digest }[] }

const tagged = (registry: Registry, reference: Reference, tag: string, form?: 'tar' | 'erofs') =>
  registry.manifest(reference, { kind: 'tag', tag }, form === undefined ? {} : { form })
const layersOf = ({ bytes }: Document) => (json(bytes) as Layers).layers
const typesOf = (document: Document) => [...new Set(layersOf(document).map(({ mediaType }) => mediaType))]

async function imageOf(expression: string): Promise<Reference> {
  const [output] = await realise(await instantiate(expression))
  if (output === undefined) throw new Error('no output')
  return referenceTo(output)
}

void t.test('an image has a manifest in each form', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const reference = await imageOf(imageExpression('erofs'))
  const tar = await tagged(registry, reference, 'nix')
  const erofs = await tagged(registry, reference, 'erofs')
  t.same([typesOf(tar), typesOf(erofs)], [[MEDIA_TYPE.layer], [MEDIA_TYPE.erofsLayer]])
  t.equal((await tagged(registry, reference, 'latest', 'erofs')).digest, erofs.digest, 'a node says so')
  t.equal((await tagged(registry, reference, 'latest')).digest, tar.digest)
  t.same(await registry.tags(reference), ['erofs', 'latest', 'nix'])
  t.same(await registry.checkPull(reference, { kind: 'tag', tag: 'erofs' }), { kind: 'present' })
  t.equal((await registry.standing(reference, 'erofs')).kind, 'valid')
  for (const document of [tar, erofs]) {
    const { digest } = document
    const other = registryOf(t).registry
    t.equal(
      (await other.manifest(reference, { kind: 'digest', digest })).digest,
      digest,
      'on another registry',
    )
    for (const layer of layersOf(document)) {
      const blob = await registryOf(t).registry.blob(reference, layer.digest)
      t.equal(blob.mediaType, layer.mediaType)
      const bytes = await bytesOf(blob)
      t.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, layer.digest)
    }
    t.equal((await other.artifactByDigest(reference, digest))?.manifest.digest, digest)
  }
})

void t.test('each output of a derivation follows the wish of a node', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const derivation = await instantiate(
    shellDerivation(
      `unit-erofs-outputs-${RUN}`,
      `echo "${quotedImage('out')}" > $out; echo "${quotedImage('dev')}" > $dev`,
      'outputs = [ "out" "dev" ];',
    ),
  )
  const reference = referenceTo(derivation)
  const dev = await tagged(registry, reference, 'dev', 'erofs')
  t.same(typesOf(dev), [MEDIA_TYPE.erofsLayer])
  t.not((await tagged(registry, reference, 'erofs')).digest, dev.digest, 'the tag is the default output')
  t.same(await registry.tags(reference), ['dev', 'erofs', 'latest', 'nix', 'out'])
})
