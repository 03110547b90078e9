/** A runtime that says the digest of a container's image, for which labels decide nothing. */
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
