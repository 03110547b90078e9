/** containerd 2.4: it says the digest of a container's image, for which labels decide nothing, and it mounts EROFS. */
import t from 'tap'
import { missingCri } from '../support/containerd-cri.ts'
import { missing } from '../support/requirement.ts'
import { startZeroCopyNode } from '../support/zero-copy-node.ts'

const skip = missing('nix', 'root', 'busybox') || (await missingCri('2.4'))

void t.test('a container of an image that was pulled by its digest', { skip }, async (t) => {
  const node = await startZeroCopyNode(t, '2.4')
  const registry = await node.startRegistry()
  t.match(
    registry.logs.find(({ runtime }) => runtime !== undefined),
    { runtime: { name: 'containerd', nri: /^v0\.(?:1[2-9]|[2-9]\d)\./ } },
  )
  const path = await node.add('greeter')
  const response = await fetch(`${registry.url}/v2${path}/manifests/nix`)
  const image = `nix.internal${path}@${response.headers.get('docker-content-digest')}`
  t.match(await node.cri.pull(image), { kind: 'pulled' })
  const container = await node.pods.create(await node.pods.run(), { image })
  await node.pods.start(container)
  t.match(await node.pods.ended(container), { exitCode: 0 })
})

void t.test('a node whose snapshotter is that of EROFS', { skip }, async (t) => {
  const node = await startZeroCopyNode(t, '2.4', true)
  const { pods, cri } = node
  await node.startRegistry()
  const pod = await pods.run()
  const start = async (name: 'greeter' | 'own', readOnly: boolean) => {
    const path = await node.add(name)
    const image = `nix.internal${path}:nix`
    t.match(await cri.pull(image), { kind: 'pulled' })
    const container = await pods.create(pod, { image, command: ['/bin/sleep', '100000'], readOnly })
    await pods.start(container)
    return { container, path, mounts: (await pods.exec(container, ['/bin/cat', '/proc/mounts'])).stdout }
  }

  for (const readOnly of [false, true]) {
    const { container, path, mounts } = await start('greeter', readOnly)
    t.match(await pods.exec(container, ['/bin/say']), { stdout: 'hello\n', exitCode: 0 })
    const closure = await node.nix.run(['nix-store', '--query', '--requisites', path])
    t.equal(mounts.match(/ \/nix\/store\/\S+ /g)?.length, closure.length - 1, 'its store paths are mounts')
  }
  const { mounts } = await start('own', false)
  t.notMatch(mounts, / \/nix\/store\//, 'and are in layers where the image must have them')
})
