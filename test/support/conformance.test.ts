/** The suite is run and its result is read: the reference registry has two known faults, and an empty repository no image. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { missingConformanceSuite, runConformance } from './conformance.ts'
import { startDockerRegistry } from './docker-registry.ts'
import { busybox } from './nix.ts'
import { ociLayout } from './oci-layout.ts'
import { missing } from './requirement.ts'
import { copyToDir, pushLayout } from './skopeo.ts'

const skip = missing('nix', 'skopeo', 'docker-registry') || (await missingConformanceSuite())

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
    repository: path.slice(1),
    tag: 'nix',
    manifestDigest: headers.get('docker-content-digest') ?? '',
    blobDigests: [`sha256:${blob}`],
  }
  const { passed, failed, output } = await runConformance(t, target)
  t.ok(passed.includes('read-only/pull/blob-get'), 'a pull conforms', { output })
  t.same(
    failed.filter((name) => name.includes('/')),
    // docker-registry 2.8 has no referrers, and answers 500 to a malformed digest, where 400 or 404 is due.
    ['empty/referrers', 'read-only/referrers', 'invalid-digest-format/manifest-get'],
    'and the known faults are found',
    { output },
  )
  const absent = await runConformance(t, { ...target, repository: 'nix/store/absent' })
  t.ok(absent.failed.includes('read-only/pull/manifest-by-tag'), 'nothing there to pull')
})
