/** The reference registry conforms but for one known fault; a namespace with nothing in it doesn't: the suite is run, and its result is read. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { missingConformanceSuite, runConformance } from './conformance.ts'
import { startDockerRegistry } from './docker-registry.ts'
import { busybox } from './nix.ts'
import { ociLayout } from './oci-layout.ts'
import { missing } from './requirement.ts'
import { copyToDir, pushLayout } from './skopeo.ts'

const skip = missing('nix', 'skopeo', 'docker-registry') || missingConformanceSuite()

void t.test('the suite against docker-registry', { skip }, async (t) => {
  const path = await busybox()
  const layout = await ociLayout(t, [path], [`${path}/bin/sh`])
  const registry = await startDockerRegistry(t)
  await pushLayout(layout.directory, registry.url, path.slice(1), 'nix')
  // skopeo compresses what it pushes, so the digests are those that the registry has now.
  const copy = await copyToDir(t, `nix.internal${path}:nix`, registry.url)
  const blob = (await readdir(copy)).find((name) => /^[0-9a-f]{64}$/.test(name)) ?? ''
  const { headers } = await fetch(`${registry.url}/v2${path}/manifests/nix`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  })
  t.match(JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')), { schemaVersion: 2 })

  const target = {
    url: registry.url,
    namespace: path.slice(1),
    tag: 'nix',
    manifestDigest: headers.get('docker-content-digest') ?? '',
    blobDigest: `sha256:${blob}`,
  }
  // docker-registry 2.8 answers 500 to the malformed digest `sha256:totallywrong`, where 400 or 404 is due.
  const { passed, failed, skipped, output } = await runConformance(t, target)
  t.same({ passed, failed, skipped }, { passed: 13, failed: 1, skipped: 65 })
  t.match(output, /\[FAIL\].*400 response body should contain OCI-conforming JSON message/)
  const absent = await runConformance(t, { ...target, namespace: 'nix/store/absent' })
  t.ok(absent.failed > 1, 'nothing there to pull')
})
