/** Images of nix-snapshotter: served to nodes that have no such snapshotter. */
import { execa } from 'execa'
import t from 'tap'
import { pullAll, pullManifest, refusal, repositoryUrl, sha256 } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { busybox, nixStore, shape } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { snapshotterImage, tar, type SnapshotterOptions } from '../support/snapshotter-image.ts'
import { storeFile } from '../support/store-file.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const skip = missing('nix')

async function parts(): Promise<SnapshotterOptions> {
  const shell = await busybox()
  const others = [await shape('plainFile'), await shape('chain')]
  return {
    storePaths: await nixStore('--query', '--requisites', shell, ...others),
    copyToRoot: shell,
    config: {
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: [`cat ${others[0]} ${others[1]}/references; echo $A`],
      Env: ['A=b'],
    },
  }
}

void t.test('an image of nix-snapshotter', { skip }, async (t) => {
  const options = await parts()
  const base = await tar([
    { name: 'etc', type: 'directory' },
    { name: 'etc/base', content: Buffer.from('base\n') },
  ])
  const archive = await snapshotterImage({ ...options, base: [base] })
  const path = await storeFile('nix-image-test.tar', archive, { references: options.storePaths })
  await sourceConforms(t, { path, prints: /^content\n\/nix\/store\/\w{32}-chain-b\nb$/m })

  const { url } = await sharedPushless()
  const { manifest } = await pullManifest(url, path)
  const blobs = await pullAll(url, path)
  t.equal(manifest.layers[0]?.digest, sha256(base), 'the base as it is')
  t.match(
    manifest.layers[1],
    { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' },
    'its own layer as it is',
  )
  const { stdout } = await execa('tar', ['-tf', '-'], {
    input: Buffer.concat(manifest.layers.slice(2).map(({ digest }) => blobs.get(digest) ?? Buffer.alloc(0))),
  })
  t.match(stdout, /^nix\/store\/\w{32}-/m)
  t.match(JSON.parse(String(blobs.get(manifest.config.digest))), {
    architecture: 'amd64',
    config: options.config,
    rootfs: { diff_ids: manifest.layers.map(({ digest }, i) => (i === 1 ? String : digest)) },
  })

  await t.test('as a directory too', async (t) => {
    const directory = join(await temporaryDirectory(t, 'layout'), 'nix-image-layout')
    await writeFile(`${directory}.tar`, archive)
    await execa('mkdir', [directory])
    await execa('tar', ['-xf', `${directory}.tar`, '-C', directory])
    const [layout = ''] = await nixStore('--add', directory)
    // Nothing that `--add` makes refers to anything: it is told from a plain package, and then refused.
    const got = await refusal(await fetch(`${repositoryUrl(url, layout)}/manifests/nix`))
    t.match(got, { status: 500, message: /which is not in its closure/ })
  })
})

void t.test('images that can’t be served give their reason', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const options = await parts()
  const secret = await makeStorePath('snapshotter-secret', (path) => writeFile(path, 'secret\n'))
  const rows: [what: string, change: SnapshotterOptions['change'], says: RegExp][] = [
    [
      'a stranger',
      ({ manifest }) =>
        Object.assign(manifest.layers[0]?.annotations ?? {}, {
          'containerd.io/snapshot/nix-store-path.9': secret,
        }),
      /snapshotter-secret, which is not in its closure/,
    ],
    [
      'no store path',
      ({ manifest }) =>
        Object.assign(manifest.layers[0]?.annotations ?? {}, {
          'containerd.io/snapshot/nix-store-path.9': '/etc',
        }),
      /not a store path: \/etc/,
    ],
    ['a layer is missing', ({ files }) => files.clear(), /blob missing: sha256:\w+/],
    [
      'a layer of another content',
      ({ files }) => files.forEach(({ length }, name) => files.set(name, Buffer.alloc(length, 'x'))),
      /is said to be sha256:\w+, and is/,
    ],
    ['too few diff_ids', ({ config }) => config.rootfs.diff_ids.pop(), /0 diff_ids for 1 layers/],
    ['no diff_id', ({ config }) => config.rootfs.diff_ids.splice(0, 1, 'x'), /not a diff_id: x/],
    ['no platform', ({ config }) => Object.assign(config, { architecture: '' }), /not an image config/],
    [
      'a config of another kind',
      ({ config }) => Object.assign(config, { config: 'x' }),
      /its config has commands or variables that are not/,
    ],
  ]
  for (const [what, change, says] of rows) {
    const archive = await snapshotterImage({ ...options, ...(change === undefined ? {} : { change }) })
    const path = await storeFile('nix-image-test.tar', archive, { references: options.storePaths })
    const got = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/nix`))
    t.equal(got.status, 500, what)
    t.match(got.message, says, what)
  }
})
