/** A pushless image upon a base of every kind: pulled and run, with what both have in it. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, pullManifest } from './client.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { startContainerd } from '../support/containerd.ts'
import { archiveFiles, imageConfig, sha256Hex } from '../support/docker-archive.ts'
import { LayoutBuilder, OCI } from '../support/layout-builder.ts'
import { archiveFixture, busybox, nixEnv } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { rawTar } from '../support/raw-tar.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { snapshotterImage } from '../support/snapshotter-image.ts'
import { storeFile } from '../support/store-file.ts'
import { customisationLayer, streamedImage } from '../support/streamed-image.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))
const DIGEST = `sha256:${'0'.repeat(64)}`

const file = (name: string, text = '') => rawTar([{ name, content: Buffer.from(text) }])
const write = (name: string, content: Uint8Array) => makeStorePath(name, (path) => writeFile(path, content))
const quoted = (list: readonly string[]) => list.map((word) => JSON.stringify(word)).join(' ')

void t.test(
  'upon a base of every kind',
  { skip: missing('nix', 'containerd', 'podman', 'root') },
  async (t) => {
    const shell = await busybox()
    const config = { Entrypoint: [`${shell}/bin/sh`, '-c'], Env: ['ANSWER=42', 'TOP=0'], WorkingDir: '/tmp' }
    const store = [
      '-C',
      '/',
      '--sort=name',
      '--mtime=@1',
      '--owner=0',
      '--group=0',
      '-cf',
      '-',
      shell.slice(1),
    ]
    const { stdout } = await execa('tar', store, { encoding: 'buffer' })
    // A file that the base itself deletes again, and one that it keeps.
    const deleting = [file('gone', 'gone'), file('kept', 'kept\n'), file('.wh.gone')]
    const layers = [Buffer.from(stdout), ...deleting]
    const given = imageConfig(
      layers.map((layer) => `sha256:${sha256Hex(layer)}`),
      { config },
    )
    const archive = rawTar(
      Object.entries(archiveFiles(layers, { config: given })).map(([name, content]) => ({ name, content })),
    )
    const customisation = await customisationLayer({ link: '/nix' })
    const paths = { digest: DIGEST, diff_ids: DIGEST, mediatype: OCI.layer, paths: [{ path: shell }] }
    const n2c = { version: 1, arch: 'amd64', 'image-config': config, layers: [paths] }
    const fields = { config, store_layers: [[shell]], customisation_layer: customisation }
    const snapshotter = { storePaths: [shell], copyToRoot: shell, config, base: deleting }
    const ours = `image { name = "base"; contents = [ (builtins.storePath ${shell}) ]; config = { Entrypoint = [ ${quoted(config.Entrypoint)} ]; Env = [ ${quoted(config.Env)} ]; WorkingDir = "/tmp"; }; }`
    const bases: readonly (readonly [kind: string, path: string, deletes: boolean])[] = [
      ['docker archive', await write('base.tar', archive), true],
      ['docker archive, gzip', await write('base.tar.gz', gzipSync(archive)), true],
      ['docker archive of nixpkgs', await archiveFixture('buildLayeredImage', 'gz'), false],
      ['OCI layout', await layout(layers, given), true],
      ['streamed image', (await streamedImage(fields, [shell, customisation])).script, false],
      [
        'nix2container image',
        await storeFile('base-n2c.json', JSON.stringify(n2c), { references: [shell] }),
        false,
      ],
      [
        'nix-snapshotter image',
        await storeFile('base-snap.tar', await snapshotterImage(snapshotter), { references: [shell] }),
        true,
      ],
      ['pushless image', await build(ours), false],
    ]
    const { url } = await sharedPushless()
    const [containerd, podman] = [await startContainerd(t), await podmanFor(t, url)]
    await containerd.hostsDir(url)
    for (const [kind, base, deletes] of bases) {
      const command = `${shell}/bin/cat /top; echo $ANSWER $TOP; test -e /gone && echo gone; test ! -e /kept || ${shell}/bin/cat /kept`
      const top = await build(
        `image { name = "top"; fromImage = builtins.storePath ${base}; files."/top".text = "top\\n"; env.TOP = "1"; cmd = [ ${JSON.stringify(command.replaceAll('$', '\\$')).replaceAll('\\\\$', '\\$')} ]; }`,
      )
      const printed = `top\n42 1${deletes ? '\nkept' : ''}`
      const { manifest } = await pullManifest(url, top)
      const below = (await pullManifest(url, base)).manifest.layers
      const inherited = manifest.layers.slice(0, below.length)
      t.strictSame(inherited.map(bytesOf), below.map(bytesOf), `${kind}: its layers as they are`)
      t.ok(
        manifest.layers.every(({ mediaType }) => mediaType.startsWith('application/vnd.oci.image.layer.v1.')),
        `${kind}: named as OCI does`,
      )
      const made: unknown = JSON.parse(String((await pullAll(url, top)).get(manifest.config.digest)))
      t.match(made, { config: { Entrypoint: config.Entrypoint } }, `${kind}: its config is taken over`)
      t.match(await containerd.pull(imageName(top)), { exitCode: 0 }, kind)
      t.match(await containerd.run(imageName(top)), { exitCode: 0, stdout: printed }, kind)
      if (kind === 'OCI layout' || kind === 'docker archive, gzip')
        t.equal((await podman.run(imageName(top))).stdout.trim(), printed, `${kind}, podman`)
    }
  },
)

async function layout(layers: readonly Buffer[], config: Buffer): Promise<string> {
  return makeStorePath('base-layout', async (path) => {
    const builder = new LayoutBuilder(path)
    const blobs = []
    for (const layer of layers) blobs.push(await builder.blob(OCI.layer, layer))
    await builder.finish([
      await builder.image('amd64', blobs, { config: await builder.blob(OCI.config, config) }),
    ])
  })
}

async function build(expression: string): Promise<string> {
  const args = ['--no-out-link', '-E', `let inherit (import ${LIBRARY} { }) image; in ${expression}`]
  const { stdout } = await execa('nix-build', args, { env: nixEnv })
  return stdout.trim()
}

function bytesOf({ digest, size }: { readonly digest: string; readonly size: number }) {
  return { digest, size }
}
