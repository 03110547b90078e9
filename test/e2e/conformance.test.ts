/** The OCI distribution specification's own suite, pull category, against an image of the image library. */
import t from 'tap'
import { pullManifest, repositoryUrl } from './client.ts'
import { exampleImage } from './example.ts'
import { missingConformanceSuite, runConformance } from '../support/conformance.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

void t.test(
  'the pull category of OCI conformance',
  { skip: missing('nix') || missingConformanceSuite() },
  async (t) => {
    const { url } = await startPushless(t)
    const path = await exampleImage()
    const { digest, manifest } = await pullManifest(url, path)
    const { passed, failed, output } = await runConformance(t, {
      url,
      namespace: new URL(repositoryUrl(url, path)).pathname.slice('/v2/'.length),
      tag: 'nix',
      manifestDigest: digest,
      blobDigest: manifest.layers[0]?.digest ?? '',
    })
    t.equal(failed, 0, output)
    // As many as the suite has in this category, with everything given beforehand.
    t.equal(passed, 14)
  },
)
