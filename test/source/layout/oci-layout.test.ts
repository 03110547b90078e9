import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { readRoot } from '../../support/read-image.ts'
import { makeStorePath, withoutNix } from '../../nix/real-store.ts'
import { OCI, of, tagged, type BuiltDescriptor } from '../../support/layout-builder.ts'
import { digestOf, layout, simple } from '../unit-layout.ts'

const CONTAINERD_NAME = 'io.containerd.image.name'

void t.test(
  'one manifest is that image, tagged or not, from a directory and from tars',
  { skip: withoutNix },
  async (t) => {
    const made: { image?: BuiltDescriptor } = {}
    const path = await layout(async (builder) => {
      made.image = await simple(builder)
      await builder.finish([tagged('1.0', made.image)])
    })
    const manifest = await readFile(join(path, 'blobs', (made.image?.digest ?? '').replace(':', '/')))
    for (const tag of [undefined, '1.0']) {
      const root = await readRoot(path, { tag })
      if (root.kind !== 'image') return t.fail('an index')
      t.equal(root.format, 'OCI layout')
      t.strictSame(root.manifest, { mediaType: OCI.manifest, bytes: manifest, digest: made.image?.digest })
      t.strictSame(root.tags, ['1.0'])
      t.match(root.layers, [{ kind: 'stored', mediaType: OCI.layer, place: { offset: 0, length: 2048 } }])
      t.match(root.config, { kind: 'given', mediaType: OCI.config })
    }
    await t.rejects(readRoot(path, { tag: '2.0' }), {
      name: 'RegistryError',
      kind: 'manifest-unknown',
      detail: { tags: ['1.0'] },
    })

    for (const [what, args] of [
      ['GNU, names with ./', ['--format=gnu', '.']],
      ['pax', ['--format=pax', 'oci-layout', 'index.json', 'blobs']],
      ['ustar, the mark last', ['--format=ustar', 'blobs', 'index.json', 'oci-layout']],
      ['as docker save has it', ['--format=pax', 'blobs', 'index.json', 'manifest.json', 'oci-layout']],
    ] as const) {
      const tar = await makeStorePath('unit-layout.tar', async (file) => {
        const copy = `${file}-content`
        await execa('cp', ['-r', path, copy])
        await execa('chmod', ['-R', 'u+w', copy])
        await writeFile(join(copy, 'manifest.json'), '[]')
        await execa('tar', ['-cf', file, '-C', copy, ...args])
        await rm(copy, { recursive: true })
      })
      const root = await readRoot(tar)
      t.equal(digestOf(root), made.image?.digest, what)
      if (root.kind !== 'image') return t.fail('an index')
      const [layer] = root.layers
      if (layer?.kind !== 'stored') return t.fail('no stored layer')
      const { file, offset, length } = layer.place
      t.equal(
        (await readFile(file)).subarray(offset, offset + length).toString('latin1', 257, 262),
        'ustar',
        what,
      )
    }
    return undefined
  },
)

void t.test('a tag names a manifest', { skip: withoutNix }, async (t) => {
  const rows: [
    what: string,
    list: (images: readonly [BuiltDescriptor, BuiltDescriptor]) => object[],
    tags: string[],
    wanted: Record<string, number | 'all'>,
  ][] = [
    ['the first of several', ([a, b]) => [tagged('a', a), tagged('b', b)], ['a', 'b'], { '': 0, a: 0, b: 1 }],
    ['latest wins', ([a, b]) => [tagged('a', a), tagged('latest', b)], ['a', 'latest'], { '': 1, a: 0 }],
    [
      'whole names',
      ([a, b]) => [tagged('docker.io/library/app:1', a), tagged('localhost:5000/app:2', b, CONTAINERD_NAME)],
      ['1', '2'],
      { '': 0, '1': 0, '2': 1 },
    ],
    [
      'a whole name without a tag',
      ([a, b]) => [tagged('x', a), tagged('reg/app', b, CONTAINERD_NAME)],
      ['x', 'latest'],
      { '': 1 },
    ],
    ['a name by digest is none', ([a]) => [tagged(`reg/app@sha256:${'0'.repeat(64)}`, a)], [], { '': 0 }],
    ['no tags, no platforms', ([a, b]) => [a, b], [], { '': 0 }],
    ['platforms', ([a, b]) => [of('amd64', a), of('arm64', b)], [], { '': 'all' }],
    [
      'platforms and attestations',
      ([a, b]) => [of('amd64', a), of('unknown', b, 'unknown')],
      [],
      { '': 'all' },
    ],
    [
      'platforms under one tag',
      ([a, b]) => [tagged('v', of('amd64', a)), tagged('v', of('arm64', b))],
      ['v'],
      { '': 'all', v: 'all' },
    ],
    ['two of one platform', ([a, b]) => [of('amd64', a), of('amd64', b)], [], { '': 0 }],
  ]
  for (const [what, list, tags, wanted] of rows) {
    let images: readonly BuiltDescriptor[] = []
    const path = await layout(async (builder) => {
      const two = [await simple(builder, 'one'), await simple(builder, 'two')] as const
      images = two
      await builder.finish(list(two))
    })
    for (const [tag, which] of Object.entries(wanted)) {
      const root = await readRoot(path, { tag: tag === '' ? undefined : tag })
      t.strictSame('tags' in root ? root.tags : undefined, tags, what)
      if (which === 'all') {
        if (root.kind !== 'index') return t.fail(what)
        t.strictSame(Buffer.from(root.index.bytes), await readFile(join(path, 'index.json')), what)
        t.equal(root.index.mediaType, OCI.index)
        t.equal(root.images.length, 2)
      } else t.equal(digestOf(root), images[which]?.digest, `${what}: ${tag}`)
    }
  }
  return undefined
})

void t.test(
  'an index in an index, with a platform that is not here and an attestation',
  { skip: withoutNix },
  async (t) => {
    let digests: string[] = []
    const path = await layout(async (builder) => {
      const amd64 = await simple(builder)
      const attestation = await builder.image('unknown', [
        { ...(await builder.blob('application/vnd.in-toto+json', '{}')), annotations: { a: 'b' } },
      ])
      const absent = { mediaType: OCI.manifest, digest: `sha256:${'1'.repeat(64)}`, size: 3 }
      const inner = await builder.index([
        of('amd64', amd64),
        of('arm64', absent),
        of('unknown', attestation, 'unknown'),
      ])
      const outer = await builder.index([
        inner,
        { mediaType: 'application/x-other', digest: absent.digest, size: 1 },
      ])
      digests = [outer, inner, amd64, attestation].map(({ digest }) => digest)
      await builder.finish([tagged('v1', outer)])
    })
    const root = await readRoot(path)
    if (root.kind !== 'index') return t.fail('no index')
    const [outer, inner, ...images] = digests
    t.equal(root.index.digest, outer)
    t.strictSame(
      root.documents.map(({ digest }) => digest),
      [outer, inner],
    )
    t.strictSame(
      root.images.map(({ manifest }) => manifest.digest),
      images,
    )
    t.strictSame(root.images[0]?.platform, { os: 'linux', architecture: 'amd64' })
    t.equal(root.images[0]?.blobs.size, 2)
    t.match(await root.images[0]?.read(), { config: { kind: 'given' } })
    t.match(
      await root.images[1]?.read(),
      { config: { kind: 'opaque' } },
      'no image, so nothing that runs is asked of it',
    )
    return undefined
  },
)
