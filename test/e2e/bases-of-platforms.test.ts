/** An image for several platforms, each of its images upon a base that is one for several platforms itself. */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { imageName, pullManifest, repositoryUrl, type Manifest } from './client.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { startContainerd } from '../support/containerd.ts'
import { LayoutBuilder, OCI, of } from '../support/layout-builder.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))
const ARCHITECTURES = ['amd64', 'arm64'] as const

void t.test('platforms upon bases', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const shell = `(builtins.storePath ${await busybox()})`
  const layout = await makeStorePath('bases', async (path) => {
    const builder = new LayoutBuilder(path)
    const image = async (architecture: string) =>
      of(architecture, await builder.image(architecture, [await builder.layer('base', architecture)]))
    await builder.finish([await builder.index(await Promise.all(['s390x', ...ARCHITECTURES].map(image)))])
  })
  const single = (architecture: string) =>
    `(image { name = "base"; system = "x86_64-linux"; architecture = "${architecture}"; contents = [ ${shell} ]; files."/base".text = "${architecture}"; })`
  const own = `image { name = "bases"; system = "x86_64-linux"; platforms = { ${ARCHITECTURES.map((one) => `"linux/${one}" = ${single(one)};`).join(' ')} }; }`
  const { url } = await sharedPushless()
  const containerd = await startContainerd(t)
  await containerd.hostsDir(url)
  for (const [what, base] of [
    ['each its own', single],
    ['a list', () => `(${own})`],
    ['a layout', () => `(builtins.storePath ${layout})`],
  ] as const) {
    const platforms = ARCHITECTURES.map(
      (architecture) =>
        `"linux/${architecture}" = image { name = "top"; system = "x86_64-linux"; architecture = "${architecture}"; fromImage = ${base(architecture)}; contents = [ ${shell} ]; entrypoint = [ "\${${shell}}/bin/cat" "/base" ]; };`,
    )
    const top = await build(
      `image { name = "top"; system = "x86_64-linux"; platforms = { ${platforms.join(' ')} }; }`,
    )
    t.match(await containerd.pull(imageName(top), ['--platform', 'linux/amd64']), { exitCode: 0 }, what)
    if (process.arch === 'x64')
      t.match(await containerd.run(imageName(top)), { exitCode: 0, stdout: 'amd64' }, `${what}: runs`)

    const below = what === 'a layout' ? layout : await build(what === 'a list' ? own : single('arm64'))
    const arm64 = await manifestFor(url, top, 'arm64')
    const { layers } = await manifestFor(url, below, 'arm64')
    t.ok(layers.length > 0 && arm64.layers.length > layers.length)
    t.strictSame(arm64.layers.slice(0, layers.length), layers, `${what}: the layers of the base for arm64`)
    const config = await fetch(`${repositoryUrl(url, top)}/blobs/${arm64.config.digest}`)
    t.match(await config.json(), { architecture: 'arm64', os: 'linux' })
  }
})

/** Of an index, or of the one image. */
async function manifestFor(url: string, path: string, architecture: string): Promise<Manifest> {
  const { text } = await pullManifest(url, path)
  const index = JSON.parse(text) as {
    readonly mediaType?: string
    readonly manifests?: readonly {
      readonly digest: string
      readonly platform: { readonly architecture: string }
    }[]
  }
  const entry = index.manifests?.find(({ platform }) => platform.architecture === architecture)
  if (entry === undefined) return JSON.parse(text) as Manifest
  const answer = await fetch(`${repositoryUrl(url, path)}/manifests/${entry.digest}`, {
    headers: { accept: OCI.manifest },
  })
  return (await answer.json()) as Manifest
}

async function build(expression: string): Promise<string> {
  const args = ['--no-out-link', '-E', `let inherit (import ${LIBRARY} { }) image; in ${expression}`]
  const { stdout } = await execa('nix-build', args, { env: nixEnv })
  return stdout.trim()
}
