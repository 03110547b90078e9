/** Images for several platforms: an index over images that have names of their own, made when somebody needs them. */
import t from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, repositoryUrl, sha256 } from './client.ts'
import { startContainerd } from '../support/containerd.ts'
import { OCI, type BuiltDescriptor } from '../support/layout-builder.ts'
import { until } from './until.ts'
import { nixEnv, nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { architectures, begun, multiPlatform, pullIndex } from './multi-platform.ts'

void t.test('an image for two platforms', { skip: missing('nix') }, async (t) => {
  const { path, derivations, outputs } = await multiPlatform(t, 'two', [
    { architecture: 'arm64' },
    { architecture: 'amd64' },
  ])
  const first = await startPushless(t)
  const index = await pullIndex(first.url, path)
  t.strictSame(architectures(index), ['arm64', 'amd64'], 'in the order of the file')
  t.match(index.manifests[0], { mediaType: OCI.manifest, platform: { os: 'linux', architecture: 'arm64' } })
  t.strictSame(
    await begun(first, 2),
    [`${derivations['arm64']}!out`, `${derivations['amd64']}!out`].sort(),
    'built once',
  )

  await t.test('each of its manifests is that of the image by its own name', async (t) => {
    for (const { digest, size, platform } of index.manifests) {
      const output = outputs[platform.architecture] ?? ''
      const one = await fetch(`${repositoryUrl(first.url, path)}/manifests/${digest}`)
      const other = await fetch(`${repositoryUrl(first.url, output)}/manifests/nix`)
      const [text, otherText] = [await one.text(), await other.text()]
      t.equal(text, otherText)
      t.equal(Buffer.byteLength(text), size)
      const { config, layers } = JSON.parse(text) as { config: BuiltDescriptor; layers: BuiltDescriptor[] }
      for (const blob of [config, ...layers]) {
        const response = await fetch(`${repositoryUrl(first.url, path)}/blobs/${blob.digest}`)
        t.equal(sha256(Buffer.from(await response.arrayBuffer())), blob.digest)
      }
      await pullAll(first.url, output)
    }
  })

  await t.test('the same digest anywhere', async (t) => {
    const other = await startPushless(t)
    t.equal((await pullIndex(other.url, path, index.digest)).digest, index.digest)
  })

  await t.test('containerd runs it', { skip: missing('containerd', 'root') }, async (t) => {
    const containerd = await startContainerd(t)
    await containerd.hostsDir(first.url)
    t.match(await containerd.pull(imageName(path)), { exitCode: 0 })
    t.match(await containerd.run(imageName(path)), {
      exitCode: 0,
      stdout: process.arch === 'arm64' ? 'arm64' : 'amd64',
    })
  })

  await t.test(
    'known once, it is answered without what it names, which is built when it is asked for',
    async (t) => {
      await first.stop()
      await collect(first, outputs)
      const again = await startPushless(t, { state: first.state })
      t.equal((await pullIndex(again.url, path)).digest, index.digest)
      const [arm64] = index.manifests
      t.equal((await fetch(`${repositoryUrl(again.url, path)}/manifests/${arm64?.digest}`)).status, 200)
      t.strictSame(await begun(again, 1), [`${derivations['arm64']}!out`], 'the one, and not the other')
    },
  )

  await t.test('inspect says what it has', async (t) => {
    const state = await temporaryDirectory(t, 'state')
    const { stdout } = await execa(process.execPath, ['dist/main.js', 'inspect', '--state', state, path], {
      env: nixEnv,
    })
    t.match(stdout, `index     ${index.digest}`)
    t.match(stdout, /linux\/arm64 +sha256:/)
  })
})

/** Removes them from the store, and what keeps them there. */
async function collect({ state }: Pushless, outputs: Readonly<Record<string, string>>): Promise<void> {
  await execa('find', [state, '-type', 'l', '-delete'])
  for (const output of Object.values(outputs)) await nixStore('--delete', '--ignore-liveness', output)
}

void t.test(
  'an index with fewer platforms stays what it was when there are more',
  { skip: missing('nix') },
  async (t) => {
    const { path } = await multiPlatform(t, 'grows', [{ architecture: 'arm64' }, { architecture: 'amd64' }])
    const few = await startPushless(t, { args: ['--deny-names', '*arm64*'] })
    const before = await pullIndex(few.url, path)
    t.strictSame(architectures(before), ['amd64'])
    await few.stop()
    const more = await startPushless(t, { state: few.state })
    const after = await pullIndex(more.url, path)
    t.strictSame(architectures(after), ['arm64', 'amd64'])
    t.match(
      await until(() => more.logs.find(({ before: digest }) => digest !== undefined)),
      { before: before.digest, digest: after.digest, level: 40 },
      'and the log says that it changed',
    )
    t.equal((await pullIndex(more.url, path, before.digest)).digest, before.digest)
    const elsewhere = await startPushless(t)
    t.equal((await pullIndex(elsewhere.url, path, before.digest)).digest, before.digest)
  },
)
