/** OCI layouts as skopeo and tar write them, served byte for byte and run. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { imageName, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { LayoutBuilder, OCI, type BuiltDescriptor } from '../support/layout-builder.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { copyToDir } from '../support/skopeo.ts'
import { DOCKER, addToStore, plainLayout, skopeoCopy } from './plain-layout.ts'

const compressed = (format: string) => ['--dest-compress', '--dest-compress-format', format]

void t.test('layouts as skopeo writes them', { skip: missing('nix', 'skopeo') }, async (t) => {
  const from = `oci:${await plainLayout(t)}`
  for (const [what, kind, args, mediaType] of [
    ['a directory, gzip', 'oci', compressed('gzip'), `${OCI.layer}+gzip`],
    ['a directory, zstd', 'oci', compressed('zstd'), `${OCI.layer}+zstd`],
    ['an archive', 'oci-archive', [], `${OCI.layer}+gzip`],
  ] as const) {
    await t.test(what, async (t) => {
      const made = join(await temporaryDirectory(t, 'layout'), 'app')
      await skopeoCopy(from, `${kind}:${made}:1.0`, ...args)
      const path = await addToStore(made)
      await sourceConforms(t, { path, tag: '1.0', original: `${kind}:${made}:1.0`, prints: 'hello' })
      await t.test('byte for byte', async (t) => isServedAsItIs(t, path, `${kind}:${made}:1.0`, mediaType))
    })
  }
})

void t.test('a compressed archive', { skip: missing('nix', 'skopeo') }, async (t) => {
  const directory = await temporaryDirectory(t, 'layout')
  const made = join(directory, 'app.tar')
  await skopeoCopy(`oci:${await plainLayout(t)}`, `oci-archive:${made}:1.0`)
  await execa('gzip', ['--keep', made])
  const path = await addToStore(`${made}.gz`)
  const { url } = await sharedPushless()
  t.equal((await pullManifest(url, path)).digest, (await pullManifest(url, await addToStore(made))).digest)
  await sourceConforms(t, { path, tag: '1.0', original: `oci-archive:${made}:1.0`, prints: 'hello' })
})

void t.test('a layout of Docker\u2019s media types', { skip: missing('nix', 'skopeo') }, async (t) => {
  // skopeo writes these to `dir:` and registries only; BuildKit and containerd to layouts, too.
  const directory = join(await temporaryDirectory(t, 'docker'), 'dir')
  await skopeoCopy(`oci:${await plainLayout(t)}`, `dir:${directory}`, '--format', 'v2s2')
  const made = join(await temporaryDirectory(t, 'layout'), 'app')
  const builder = new LayoutBuilder(made)
  const manifest = await readFile(join(directory, 'manifest.json'), 'utf8')
  const { config, layers } = JSON.parse(manifest) as { config: BuiltDescriptor; layers: BuiltDescriptor[] }
  for (const { mediaType, digest } of [config, ...layers])
    await builder.blob(mediaType, await readFile(join(directory, digest.slice(7))))
  t.equal(config.mediaType, DOCKER.config)
  await builder.finish([await builder.blob(DOCKER.manifest, manifest)])
  await sourceConforms(t, { path: await addToStore(made), original: `dir:${directory}`, prints: 'hello' })
})

/** What skopeo copies from the registry, by tag and by digest, is what it copies from the original. */
async function isServedAsItIs(t: Test, path: string, original: string, mediaType: string): Promise<void> {
  const { url } = await sharedPushless()
  const want = join(await temporaryDirectory(t, 'original'), 'dir')
  await skopeoCopy(original, `dir:${want}`)
  const manifest = await readFile(join(want, 'manifest.json'))
  const name = imageName(path).replace(/:nix$/, '')
  for (const reference of [`${name}:1.0`, `${name}:nix`, `${name}@${sha256(manifest)}`]) {
    const got = await copyToDir(t, reference, url)
    const { exitCode, stdout } = await execa('diff', ['-r', want, got], { reject: false })
    t.equal(exitCode, 0, `${reference}: ${stdout}`)
  }
  const { layers } = JSON.parse(manifest.toString()) as { layers: BuiltDescriptor[] }
  t.strictSame(
    layers.map((layer) => layer.mediaType),
    [mediaType],
  )
  const unknown = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/2.0`))
  t.match(unknown, { status: 404, code: 'MANIFEST_UNKNOWN', detail: { tags: ['1.0'] } })
}

void t.test('the layout’s own figures are checked', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const wrong = async (change: (builder: LayoutBuilder, layer: BuiltDescriptor) => Promise<unknown>) => {
    const made = join(await temporaryDirectory(t, 'wrong'), 'wrong')
    const builder = new LayoutBuilder(made)
    const layer = await builder.layer('file', `${Math.random()}`)
    await builder.finish([await builder.image('amd64', [layer])])
    await change(builder, layer)
    const path = await addToStore(made)
    return { path, ...(await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))) }
  }
  const other = await wrong(async (builder, layer) => {
    const file = join(builder.blobs, layer.digest.slice(7))
    const bytes = await readFile(file)
    bytes[600] = (bytes[600] ?? 0) ^ 1
    await writeFile(file, bytes)
  })
  t.match(other, {
    status: 500,
    reason: 'not servable as an image',
    message: /is said to be sha256:\w+, and is sha256:/,
  })
  t.match(other.message, other.path)

  // A link in the store to a path that the image doesn't refer to: Nix finds no references in what is only added.
  const secret = join(await temporaryDirectory(t, 'secret'), 'secret')
  await writeFile(secret, `secret ${Math.random()}`)
  const foreign = await addToStore(secret)
  for (const which of ['layer', 'manifest']) {
    const outside = await wrong(async (builder, layer) => {
      const bytes = await readFile(foreign)
      const stolen = await builder.blob(OCI.layer, bytes)
      const image = await builder.image('amd64', [which === 'layer' ? stolen : layer])
      await builder.finish([image])
      const blob = which === 'layer' ? stolen : image
      const target =
        which === 'layer' ? foreign : await addToStore(join(builder.blobs, image.digest.slice(7)))
      await execa('ln', ['-sf', target, join(builder.blobs, blob.digest.slice(7))])
    })
    t.match(outside, { status: 500, message: /leads out of the closure of the image/ }, which)
    t.match(outside.message, outside.path)
  }
})
