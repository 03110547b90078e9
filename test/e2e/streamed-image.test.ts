/** Images of dockerTools.streamLayeredImage, compared with what Python's tarfile and json make of the same conf. */
import { readFile, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import t from 'tap'
import { pullAll, pullManifest, refusal, repositoryUrl } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { customisationLayer, streamedArchive, streamedImage } from '../support/streamed-image.ts'
import { everyShape } from './every-shape.ts'

const skip = missing('nix', 'python3')

void t.test('a streamed image', { skip }, async (t) => {
  const { script, conf } = await everyShape()
  const archive = await streamedArchive(t, conf)
  await sourceConforms(t, { path: script, original: `docker-archive:${archive}`, prints: 'héllo <&>' })
  const { url } = await sharedPushless()

  await t.test('its image ID and digests are those of the archive', async (t) => {
    const { manifest } = await pullManifest(url, script)
    const { stdout } = await execa('tar', ['-xOf', archive, 'manifest.json'])
    const [{ Config, Layers }] = JSON.parse(stdout) as [{ Config: string; Layers: string[] }]
    t.equal(manifest.config.digest, `sha256:${Config.replace('.json', '')}`)
    t.strictSame(
      manifest.layers.map(({ digest }) => `${digest.replace('sha256:', '')}/layer.tar`),
      Layers,
    )
  })
  await t.test('the conf alone is the same image', async (t) => {
    t.equal((await pullManifest(url, conf)).digest, (await pullManifest(url, script)).digest)
  })
  await t.test('its own tag names it', async (t) => {
    t.equal((await pullManifest(url, script, 'tag-1')).digest, (await pullManifest(url, script)).digest)
    const other = await fetch(`${repositoryUrl(url, script)}/manifests/tag-2`)
    t.match(await refusal(other), { status: 404, code: 'MANIFEST_UNKNOWN' })
  })
})

void t.test('owners and times', { skip }, async (t) => {
  const { url } = await sharedPushless()
  // The same paths in another style first: what is remembered of those layers isn't true of these.
  await pullManifest(url, (await everyShape()).script)
  const created = '2024-05-06T07:08:09+02:00'
  for (const [what, fields] of [
    [
      'names',
      { uid: 1000, gid: '3000000', uname: 'jörg', gname: 'g'.repeat(40), mtime: '2001-09-09T01:46:40Z' },
    ],
    ['a user of OpenShift', { uid: 1_000_680_000, gid: '1000680000' }],
    ['the largest number', { uid: '4294967294', gid: 4_294_967_294 }],
    ['a time before 1970', { created: '1903-02-01T00:00:00Z', mtime: '1901-12-13T20:45:51.500000+00:00' }],
    ['half a second before 1970', { mtime: '1969-12-31T23:59:59.500000+00:00' }],
  ] as const) {
    const { script, conf } = await everyShape({ created, ...fields })
    const archive = await streamedArchive(t, conf)
    const { manifest } = await pullManifest(url, script)
    const { stdout } = await execa('tar', ['-tf', archive])
    t.match(stdout, manifest.config.digest.replace('sha256:', ''), what)
  }
})

void t.test('now stands for the first second', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const { script: now } = await everyShape({ created: 'now', mtime: 'now' })
  const { script: first } = await everyShape()
  t.equal((await pullManifest(url, now)).digest, (await pullManifest(url, first)).digest)
})

void t.test('upon a docker archive, plain and compressed', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const { conf: below } = await everyShape({ config: { Env: ['A=base', 'PATH=/base'], Cmd: ['/base'] } })
  const plain = await readFile(await streamedArchive(t, below))
  const customisation = await customisationLayer({ added: '/nix' })
  for (const [name, bytes] of [
    ['base.tar', plain],
    ['base.tar.gz', gzipSync(plain)],
  ] as const) {
    const base = await makeStorePath(name, (path) => writeFile(path, bytes))
    const { script, conf } = await streamedImage(
      { from_image: base, customisation_layer: customisation, config: { Env: ['B=own', 'A=own'] } },
      [base, customisation],
    )
    const archive = await streamedArchive(t, conf)
    const { manifest } = await pullManifest(url, script)
    const { stdout } = await execa('tar', ['-tf', archive])
    t.match(stdout, manifest.config.digest.replace('sha256:', ''), `${name}: the image ID too`)
    await pullAll(url, script)
  }
  const broken = await makeStorePath('base.tar', (path) =>
    writeFile(path, plain.subarray(0, plain.length / 2)),
  )
  const { script } = await streamedImage({ from_image: broken, customisation_layer: customisation }, [
    broken,
    customisation,
  ])
  const got = await refusal(await fetch(`${repositoryUrl(url, script)}/manifests/nix`))
  t.match(got, { status: 500, message: /base\.tar/ })
})

void t.test('upon another streamed image', { skip }, async (t) => {
  const { conf: base } = await everyShape({ config: { Env: ['A=base', 'PATH=/base'], Cmd: ['/base'] } })
  const customisation = await customisationLayer({ added: '/nix' })
  const { script, conf } = await streamedImage(
    { from_image: base, customisation_layer: customisation, config: { Env: ['B=own', 'A=own'] } },
    [base, customisation],
  )
  const { url } = await sharedPushless()
  const below = await pullManifest(url, base)
  const { manifest } = await pullManifest(url, script)
  t.strictSame(
    manifest.layers.slice(0, -1).map(({ digest }) => digest),
    below.manifest.layers.map(({ digest }) => digest),
  )
  const config = JSON.parse(String((await pullAll(url, conf)).get(manifest.config.digest))) as object
  t.match(config, { config: { Env: ['A=own', 'PATH=/base', 'B=own'] } }, 'only the environment is taken over')
  t.notMatch(config, { config: { Cmd: ['/base'] } })
})
