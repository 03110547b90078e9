/** Store paths of every kind over HTTP: which are served, under which names, in how many layers. */
import t from 'tap'
import { imageName, pullAll, pullBlob, pullManifest, refusal, repositoryUrl } from './client.ts'
import { busybox, fixture, nixBuild, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { until } from './until.ts'
import { missing } from '../support/requirement.ts'

void t.test(
  'plain packages are not served unless the operator says so',
  { skip: missing('nix') },
  async (t) => {
    const path = await busybox()
    const server = await sharedPushless()
    const got = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
    t.same(got, {
      status: 404,
      reason: 'Not Found',
      code: 'NAME_UNKNOWN',
      message: 'no such store path',
      detail: {},
    })
    const denied = await until(() => server.logs.find(({ kind }) => kind === 'denied'))
    t.match(denied['reason'], /--serve-packages/, 'but the log says it')
    const file = await shape('plainFile')
    t.equal(
      (await refusal(await fetch(`${repositoryUrl(server.url, file)}/manifests/nix`))).code,
      'NAME_UNKNOWN',
      'a file is no image',
    )
  },
)

void t.test('names that OCI forbids', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless('--serve-packages')
  for (const attribute of ['upperCase', 'plus', 'longName']) {
    const path = await shape(attribute)
    const name = imageName(path)
    t.ok(name.length <= 255 + ':nix'.length, name)
    const { digest } = await pullManifest(url, path)
    const hash = path.slice('/nix/store/'.length)
    for (const base of [
      hash.slice(0, 32),
      ...(attribute === 'longName' ? [] : [encodeURIComponent(hash), hash]),
    ]) {
      const response = await fetch(`${url}/v2/nix/store/${base}/manifests/nix`)
      t.equal(response.headers.get('docker-content-digest'), digest, `${base}: the hash decides`)
    }
  }
})

void t.test(
  'closures of one and of 600 paths, and one with a .wh. file',
  { skip: missing('nix') },
  async (t) => {
    const server = await startPushless(t, { args: ['--serve-packages'] })
    t.equal((await pullManifest(server.url, await shape('one'))).manifest.layers.length, 2)
    const many = await shape('many')
    const { manifest } = await pullManifest(server.url, many)
    t.ok(
      manifest.layers.length > 2 && manifest.layers.length <= 121,
      `${manifest.layers.length} layers for 600 paths`,
    )
    t.equal(
      (await pullAll(server.url, many)).size,
      new Set(manifest.layers.map(({ digest }) => digest)).size + 1,
    )
    const got = await refusal(
      await fetch(`${repositoryUrl(server.url, await shape('whiteout'))}/manifests/nix`),
    )
    t.same({ status: got.status, reason: got.reason }, { status: 500, reason: 'not servable as an image' })
    t.match(got.message, /\.wh\.foo: a layer cannot hold a file named \.wh\.\*/)
  },
)

void t.test('the outputs of a derivation are tags of it', { skip: missing('nix') }, async (t) => {
  const [out, dev] = await nixBuild(fixture('shapes.nix'), ['-A', 'multi.out', '-A', 'multi.dev'])
  const { url } = await sharedPushless('--serve-packages')
  const { nixInstantiate } = await import('../support/nix.ts')
  const derivation = (await nixInstantiate(fixture('shapes.nix'), ['-A', 'multi'])).replace(/!.*$/, '')
  const tags = (await (await fetch(`${repositoryUrl(url, derivation)}/tags/list`)).json()) as {
    tags: string[]
  }
  t.same(tags.tags, ['dev', 'erofs', 'latest', 'nix', 'out'])
  for (const [tag, path] of [
    ['out', out],
    ['nix', out],
    ['dev', dev],
  ] as const) {
    const asked = await pullManifest(url, derivation, tag)
    t.equal(asked.digest, (await pullManifest(url, path ?? '')).digest, tag)
    t.equal(
      (await fetch(`${repositoryUrl(url, derivation)}/manifests/${asked.digest}`)).status,
      200,
      'and by digest',
    )
    for (const { digest } of asked.manifest.layers)
      t.equal((await pullBlob(url, derivation, digest)).status, 200, 'and its blobs')
  }
})
