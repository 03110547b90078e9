/** A registry on a node: images have no store paths, in the format that the node mounts; others are as elsewhere. */
import t from 'tap'
import { MEDIA_TYPE } from '../../src/core/oci/image.ts'
import type { Document } from '../../src/core/oci/image.ts'
import type { Reference } from '../../src/core/oci/reference.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { instantiate, realise, shellDerivation, withoutNix } from '../nix/real-store.ts'
import { RUN, imageExpression, json, quotedImage, referenceTo, registryOf } from './real-registry.ts'

type Manifest = {
  readonly layers: readonly { readonly mediaType: string }[]
  readonly annotations?: Readonly<Record<string, string>>
}

async function imageOf(expression: string): Promise<Reference> {
  const [output] = await realise(await instantiate(expression))
  if (output === undefined) throw new Error('no output')
  return referenceTo(output)
}

/** The media types of an image's layers, and whether its store paths are left out. */
function shapeOf({ bytes }: Document) {
  const { layers, annotations = {} } = json(bytes) as Manifest
  return {
    types: [...new Set(layers.map(({ mediaType }) => mediaType))],
    isZeroCopy: 'internal.pushless.zero-copy' in annotations,
  }
}

const tagged = (registry: Registry, reference: Reference, tag: string, form?: 'erofs') =>
  registry.manifest(reference, { kind: 'tag', tag }, { form })

void t.test(
  'the header of a node chooses the format of the layers that are left',
  { skip: withoutNix },
  async (t) => {
    const { registry } = registryOf(t, { isZeroCopy: true })
    const reference = await imageOf(imageExpression('zero-copy forms'))
    const tar = await tagged(registry, reference, 'nix')
    const erofs = await tagged(registry, reference, 'nix', 'erofs')
    t.same(shapeOf(tar), { types: [MEDIA_TYPE.layer], isZeroCopy: true })
    t.same(shapeOf(erofs), { types: [MEDIA_TYPE.erofsLayer], isZeroCopy: true })
    t.same(
      shapeOf(await tagged(registry, reference, 'erofs', 'erofs')),
      { types: [MEDIA_TYPE.erofsLayer], isZeroCopy: false },
      'the tag demands all layers',
    )
    for (const { digest } of [tar, erofs]) {
      const other = registryOf(t, { isZeroCopy: true }).registry
      const found = await other.manifest(reference, { kind: 'digest', digest })
      t.equal(found.digest, digest, 'by digest, without the header, after the state was lost')
    }
  },
)

void t.test(
  'an image that must have its store paths has them in that format',
  { skip: withoutNix },
  async (t) => {
    const { registry } = registryOf(t, { isZeroCopy: true })
    const reference = await imageOf(
      shellDerivation(`unit-ordinary-${RUN}`, `echo "${quotedImage('ordinary')}" > $out`),
    )
    const elsewhere = registryOf(t).registry
    for (const form of [undefined, 'erofs'] as const) {
      const { digest } = await tagged(elsewhere, reference, 'nix', form)
      t.equal((await tagged(registry, reference, 'nix', form)).digest, digest, String(form))
    }
  },
)
