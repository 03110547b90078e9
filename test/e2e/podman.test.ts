/** podman: run, and a Pod that `nix build` made, played as it is. */
import t from 'tap'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageName } from './client.ts'
import { busybox } from '../support/nix.ts'
import { exampleManifest } from './example.ts'
import { podmanFor } from '../support/podman.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

void t.test('podman', { skip: missing('nix', 'podman', 'root') }, async (t) => {
  const { url } = await sharedPushless('--serve-packages')
  const podman = await podmanFor(t, url)

  await t.test('runs a plain package', async (t) => {
    const ran = await podman.run(imageName(await busybox()), ['sh', '-c', 'echo $PATH; id -un'])
    t.equal(ran.exitCode, 0, ran.stderr)
    t.match(ran.stdout, /^\/bin:\/sbin\nroot$/)
  })

  await t.test('plays the Pod of the example, pulled by the name in it', async (t) => {
    const file = await exampleManifest()
    const manifest = join(await temporaryDirectory(t, 'pod'), 'pod.json')
    const list = JSON.parse(await readFile(file, 'utf8')) as { items: [{ spec: object }] }
    // The host's network, since a test may not change the machine's; everything else is as built.
    await writeFile(
      manifest,
      JSON.stringify({ ...list.items[0], spec: { ...list.items[0].spec, hostNetwork: true } }),
    )
    const [container] = await podman.kubePlay(manifest)
    t.match(container, { exitCode: 0, logs: /hello/i })
    await podman.kubeDown(manifest)
  })
})
