/** The use cases of a pull against the Nix of this machine, with derivations that need nothing but /bin/sh. */
import { createHash } from 'node:crypto'
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { digestOf } from '../../src/core/oci/digest.ts'
import { parseReference } from '../../src/core/oci/reference.ts'
import type { StorePath } from '../../src/core/nix/store-path.ts'
import {
  instantiate,
  makeStorePath,
  nixStoreQuery,
  realise,
  shellDerivation,
  withoutNix,
} from '../nix/real-store.ts'
import {
  RUN,
  bytesOf,
  imageExpression,
  json,
  store,
  quotedImage,
  referenceTo,
  registryOf,
} from './real-registry.ts'

void t.test(
  'an image is built by its derivation, and all that its manifest names can be pulled',
  { skip: withoutNix },
  async (t) => {
    const { registry, work } = registryOf(t)
    const derivation = await instantiate(imageExpression('one'))
    const [output] = await nixStoreQuery('--outputs', derivation)
    t.equal(await store.isValid(output as StorePath), false, 'not built yet')

    const manifest = await registry.manifest(referenceTo(derivation), { kind: 'tag', tag: 'latest' })
    t.ok(work.includes(`started ${derivation}!out`) && work.includes(`done ${derivation}!out`))
    t.equal(manifest.digest, digestOf(manifest.bytes))
    const { layers, config } = json(manifest.bytes) as {
      layers: { digest: string; size: number }[]
      config: { digest: string; size: number }
    }
    t.equal(layers.length, 2, 'the tool, and the root')
    const reference = parseReference(String(output).slice(1))
    for (const { digest, size } of [...layers, config]) {
      const blob = await registry.blob(reference, digest as typeof manifest.digest)
      const bytes = await bytesOf(blob)
      t.equal(bytes.length, size)
      t.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
    }
    const document = json((await registry.image(reference, 'latest')).config.bytes)
    t.match(document, { architecture: 'amd64', rootfs: { diff_ids: layers.map(({ digest }) => digest) } })

    const again = await registry.manifest(reference, { kind: 'digest', digest: manifest.digest })
    t.equal(again.digest, manifest.digest, 'by digest')
    const asBlob = await registry.blob(reference, manifest.digest)
    t.ok((await bytesOf(asBlob)).equals(manifest.bytes), 'and as a blob')

    const other = registryOf(t)
    const elsewhere = await other.registry.manifest(reference, { kind: 'digest', digest: manifest.digest })
    t.strictSame(
      Buffer.from(elsewhere.bytes),
      Buffer.from(manifest.bytes),
      'a registry that knows nothing comes to the same',
    )
    t.strictSame(other.work, [], 'without building')
  },
)

void t.test('paths that aren’t images, and absent ones', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const directory = await makeStorePath('unit-plain', async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'secret'), '')
  })
  const file = await makeStorePath('unit-text', (path) => writeFile(path, 'text'))
  for (const [what, name, kind] of [
    ['a plain package', directory.slice(1), 'denied'],
    ['a file', file.slice(1), 'denied'],
    ['nothing', 'nix/store/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-nothing', 'name-unknown'],
    ['another name', `${directory.slice(1)}-other`, 'name-unknown'],
  ] as const) {
    await t.rejects(registry.image(parseReference(name), 'latest'), { name: 'RegistryError', kind }, what)
  }
  const open = registryOf(t, { servePackages: true })
  t.equal(
    (await open.registry.image(referenceTo(directory), 'latest')).format,
    'package',
    'where the operator allows it',
  )
  await t.rejects(open.registry.image(referenceTo(file), 'latest'), { name: 'RegistryError', kind: 'denied' })
})

void t.test('digests that aren’t of this image', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t)
  const [output] = await realise(await instantiate(imageExpression('one')))
  if (output === undefined) return
  const strange = digestOf(Buffer.from('strange'))
  await t.rejects(registry.blob(referenceTo(output), strange), {
    name: 'RegistryError',
    kind: 'blob-unknown',
    detail: { digest: strange },
  })
  await t.rejects(registry.manifest(referenceTo(output), { kind: 'digest', digest: strange }), {
    name: 'RegistryError',
    kind: 'manifest-unknown',
  })
  await t.rejects(registry.manifest(referenceTo(output), { kind: 'tag', tag: 'v1' }), {
    name: 'RegistryError',
    kind: 'manifest-unknown',
  })
  t.strictSame(await registry.tags(referenceTo(output)), ['erofs', 'latest', 'nix'])
})

void t.test(
  'each output of a derivation is an image of its own, found by digest too',
  { skip: withoutNix },
  async (t) => {
    const { registry } = registryOf(t)
    const derivation = await instantiate(
      shellDerivation(
        `unit-outputs-${RUN}`,
        `echo "${quotedImage('out')}" > $out; echo "${quotedImage('dev')}" > $dev`,
        'outputs = [ "out" "dev" ];',
      ),
    )
    const reference = referenceTo(derivation)
    t.strictSame(await registry.tags(reference), ['dev', 'latest', 'nix', 'out'])
    const dev = await registry.manifest(reference, { kind: 'tag', tag: 'dev' })
    const out = await registry.manifest(reference, { kind: 'tag', tag: 'latest' })
    t.not(dev.digest, out.digest)
    const fresh = registryOf(t).registry
    t.equal((await fresh.manifest(reference, { kind: 'digest', digest: dev.digest })).digest, dev.digest)
  },
)

void t.test('a layer of a handful of entries is served like others', { skip: withoutNix }, async (t) => {
  // Its frame is so small that Node would take it from a pool of memory that can't be moved between threads.
  const { registry } = registryOf(t)
  const [output] = await realise(await instantiate(imageExpression('one')))
  if (output === undefined) return
  const { layers } = await registry.image(referenceTo(output), 'latest')
  const smallest = layers.toSorted((a, b) => a.size - b.size)[0]
  t.ok(smallest !== undefined && smallest.size < 4096)
  if (smallest === undefined) return
  t.equal((await bytesOf(await registry.blob(referenceTo(output), smallest.digest))).length, smallest.size)
})

void t.test('a changed file is never served to the end as what it was', { skip: withoutNix }, async (t) => {
  const { registry } = registryOf(t, { verify: true, servePackages: true })
  const root = await makeStorePath(`unit-changed-${RUN}`, async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'file'), 'a'.repeat(600_000))
  })
  const [layer] = (await registry.image(referenceTo(root), 'latest')).layers
  if (layer === undefined) return
  const blob = await registry.blob(referenceTo(root), layer.digest)
  t.equal((await bytesOf(blob)).length, layer.size)
  const file = join(root, 'file')
  const { mode } = statSync(file)
  t.teardown(() => {
    chmodSync(file, 0o644)
    writeFileSync(file, 'a'.repeat(600_000))
    chmodSync(file, mode)
  })
  chmodSync(file, 0o644)
  writeFileSync(file, `b${'a'.repeat(599_999)}`)
  await t.rejects(bytesOf(blob), { name: 'RegistryError', kind: 'unavailable' })
})
