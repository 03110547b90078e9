/** The OCI distribution specification's own suite against an image of the image library: in plain HTTP, and by TLS with a login. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import t, { type Test } from 'tap'
import { pullManifest } from './client.ts'
import { exampleImage } from './example.ts'
import { testAuthority, writePair } from '../support/certificates.ts'
import { missingConformanceSuite, runConformance } from '../support/conformance.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('nix') || (await missingConformanceSuite())

/** The checks of the suite that a registry without pushes can pass. Groups pass if all in them do. */
const CHECKS = [
  'ping',
  'empty/tag list',
  'empty/referrers',
  'read-only/tag-list',
  'read-only/head/manifest-head-by-tag',
  'read-only/head/manifest-head-by-digest',
  'read-only/head/blob-head',
  'read-only/pull/manifest-by-tag',
  'read-only/pull/manifest-by-digest',
  'read-only/pull/blob-get',
  'read-only/referrers',
  'missing-manifest/by-digest',
  'missing-manifest/by-tag',
  'invalid-digest-format/manifest-get',
]

/** Serves by TLS of a private authority, to the user `ci` alone. */
async function serveSecurely(t: Test) {
  const directory = await temporaryDirectory(t, 'conformance')
  const authority = testAuthority()
  const { certFile, keyFile } = await writePair(directory, authority.server())
  const [ca, auth] = [join(directory, 'ca.crt'), join(directory, 'auth.yaml')]
  await writeFile(ca, authority.ca)
  const user = `{name: ci, password: ${hashSync('secret', 4)}, rights: [pull]}`
  await writeFile(auth, `users: [${user}]\nanonymous: []\n`)
  const server = await startPushless(t, {
    args: ['--tls-cert', certFile, '--tls-key', keyFile, '--auth', auth],
  })
  return { server, authority: ca }
}

void t.test('OCI conformance of pulls and discovery', { skip }, async (t) => {
  const { url } = await sharedPushless()
  const path = await exampleImage()
  const { digest, manifest } = await pullManifest(url, path)
  const image = {
    repository: path.slice(1),
    tag: 'nix',
    manifestDigest: digest,
    blobDigests: [manifest.config, ...manifest.layers].map((blob) => blob.digest),
  }
  const plain = await runConformance(t, { url, ...image })
  t.same(plain.failed, [], 'nothing fails', { output: plain.output })
  for (const check of CHECKS) t.ok(plain.passed.includes(check), check)

  await t.test('by TLS, with the flow of tokens', async (t) => {
    const { server, authority } = await serveSecurely(t)
    const { url } = server
    const login = { user: 'ci', password: 'secret' }
    const secure = await runConformance(t, { url, authority, login, ...image })
    t.same(secure.failed, [], 'nothing fails', { output: secure.output })
    t.same(secure.passed, plain.passed)
    t.ok(
      server.logs.some(({ msg, subject }) => msg === 'pull' && subject === 'user:ci'),
      'as the user',
    )

    const stranger = await runConformance(t, { url, login, ...image })
    t.match(stranger.output, /certificate signed by unknown authority/, 'and not without the authority')
    t.same(stranger.passed, [])
  })
})
