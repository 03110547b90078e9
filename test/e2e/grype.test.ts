/**
 * The scanner grype finds vulnerabilities in our SBOMs by CPE, and ignores those that our OpenVEX document says are fixed.
 * The test writes grype's database itself, and grype makes no request.
 *
 * No trivy is built for the tests: that takes 650 seconds of a processor and 3.2 GB of memory. Its test runs where PATH has
 * a trivy.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { pullManifest } from './client.ts'
import { insightImage } from './insight-image.ts'
import type { Json } from '../../src/core/json.ts'
import { anyOf, nvdEntry, nvdFeed } from '../insight/vulnerability/advisories.ts'
import { root } from '../nix/nix-command.ts'
import { missingGrype, runGrype, writeGrypeDatabase, type GrypeEntry } from '../support/grype.ts'
import { nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TIME_LIMIT_MS = 60_000

/** The tool is version 1.2, with a patch that is named for CVE-2024-12345. */
const PATCHED = 'CVE-2024-12345'
const OPEN = 'CVE-2024-20001'
const PRODUCT = { vendor: 'example', product: 'tool', severity: 'high' } as const
const ENTRIES: readonly GrypeEntry[] = [
  { ...PRODUCT, id: PATCHED, constraint: '< 1.3', fixedIn: '1.3' },
  { ...PRODUCT, id: OPEN, constraint: '>= 1.2, < 1.2.1', fixedIn: '1.2.1' },
  { ...PRODUCT, id: 'CVE-2024-20002', constraint: '< 1.2', fixedIn: '1.2' },
  { ...PRODUCT, id: 'CVE-2024-20003', constraint: '>= 1.2.1', fixedIn: '2' },
  { ...PRODUCT, id: 'CVE-2024-20004', vendor: 'other', constraint: '< 1.3', fixedIn: '1.3' },
]
/** The same two vulnerabilities as NVD has them. */
const FEED = nvdFeed(
  nvdEntry(PATCHED, [anyOf(['a:example:tool', '<1.3'])]),
  nvdEntry(OPEN, [anyOf(['a:example:tool', '>=1.2 <1.2.1'])]),
)

type Match = {
  readonly vulnerability: { readonly id: string; readonly fix: { readonly versions: readonly string[] } }
  readonly artifact: { readonly name: string; readonly version: string; readonly purl: string }
}
type Report = {
  readonly matches: readonly Match[]
  readonly ignoredMatches?: readonly (Match & { readonly appliedIgnoreRules: readonly unknown[] })[]
}

void t.test('grype', { skip: missing('nix') || (await missingGrype()) }, async (t) => {
  const directory = await temporaryDirectory(t, 'grype')
  const database = await temporaryDirectory(t, 'grype-database')
  await writeGrypeDatabase(database, ENTRIES)
  const proxy = await countingServer(t)
  const image = await insightImage()
  const written = async (name: string, ...args: readonly string[]): Promise<string> => {
    const command = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, ...args]
    const env = { ...nixEnv, PUSHLESS_STATE: join(directory, 'state') }
    const { stdout } = await execa(process.execPath, command, { cwd: directory, env, timeout: TIME_LIMIT_MS })
    await writeFile(join(directory, name), stdout)
    return join(directory, name)
  }
  const report = async (...args: readonly string[]) =>
    JSON.parse(await runGrype(database, proxy.url, ...args)) as Report

  const sboms = {
    CycloneDX: await written('sbom.cdx.json', 'sbom', image),
    SPDX: await written('sbom.spdx.json', 'sbom', '--format', 'spdx', image),
  }
  await writeFile(join(directory, 'nvd.json'), JSON.stringify(FEED))
  const loading = ['advisories', 'update', '--from', 'nvd.json', '--advisories', 'advisories']
  await written('loaded', ...loading)
  const scan = ['scan', '--advisories', 'advisories', '--format', 'openvex']
  const vex = await written('scan.openvex.json', ...scan, image)

  for (const [form, sbom] of Object.entries(sboms)) {
    await t.test(`${form} is matched by CPE and version`, async (t) => {
      const { matches } = await report(`sbom:${sbom}`)
      t.match(
        matches.toSorted((a, b) => (a.vulnerability.id < b.vulnerability.id ? -1 : 1)),
        [
          { vulnerability: { id: PATCHED, fix: { versions: ['1.3'] } } },
          { vulnerability: { id: OPEN, fix: { versions: ['1.2.1'] } } },
        ],
      )
      t.equal(matches.length, 2)
      for (const { artifact } of matches)
        t.match(artifact, { name: 'tool', version: '1.2', purl: /^pkg:nix\/tool@1\.2\?outputhash=/ })
    })
    await t.test(`${form} with our OpenVEX document`, async (t) => {
      const { matches, ignoredMatches = [] } = await report(`sbom:${sbom}`, '--vex', vex)
      t.match(matches, [{ vulnerability: { id: OPEN } }])
      t.match(ignoredMatches, [
        { vulnerability: { id: PATCHED }, appliedIgnoreRules: [{ namespace: 'vex', 'vex-status': 'fixed' }] },
      ])
    })
  }
  await t.test('statements about components', async (t) => {
    for (const [product, ignored] of [
      ['pkg:nix/tool', [OPEN]],
      ['pkg:nix/tool@1.2', [OPEN]],
      ['pkg:nix/tool@1.3', []],
      ['pkg:nix/tool@1.2?outputhash=00000000000000000000000000000000', []],
    ] as const) {
      const statements = join(directory, 'statements.openvex.json')
      await writeFile(statements, JSON.stringify(notAffected(OPEN, product)))
      const { ignoredMatches = [] } = await report(`sbom:${sboms.CycloneDX}`, '--vex', statements)
      const ids = ignoredMatches.map(({ vulnerability }) => vulnerability.id)
      t.strictSame(ids, ignored, product)
    }
  })
  t.equal(proxy.connections(), 0, 'it makes no request')
})

void t.test('trivy takes the SBOM of the registry', { skip: missing('nix', 'trivy') }, async (t) => {
  const server = await startPushless(t, { args: ['--log-level', 'debug'] })
  const image = await insightImage()
  const { digest, manifest } = await pullManifest(server.url, image)
  const cache = await temporaryDirectory(t, 'trivy')
  const name = `${new URL(server.url).host}${image}@${digest}`
  const flags = ['--image-src', 'remote', '--sbom-sources', 'oci', '--insecure', '--cache-dir', cache]
  // An SBOM is the one report that needs no database of vulnerabilities.
  const { stderr } = await execa('trivy', ['image', ...flags, '--format', 'cyclonedx', name], {
    cwd: cache,
    env: { TRIVY_SKIP_VERSION_CHECK: 'true', TRIVY_DISABLE_TELEMETRY: 'true' },
    timeout: TIME_LIMIT_MS,
  })
  t.match(stderr, /Found SBOM in the OCI referrers/)
  const requests = server.logs.map(({ url }) => String(url))
  t.ok(requests.some((url) => url.includes('/referrers/')))
  const layers = manifest.layers.filter((layer) => requests.some((url) => url.endsWith(layer.digest)))
  t.strictSame(layers, [], 'it fetches no layers')
})

/** A document that somebody writes about a component. */
function notAffected(id: string, product: string): Json {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.org/vex',
    author: 'test',
    timestamp: '2024-06-01T00:00:00Z',
    version: 1,
    statements: [
      {
        vulnerability: { name: id },
        products: [{ '@id': product }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
      },
    ],
  }
}

/** A server that accepts connections, and ends them. */
async function countingServer(
  t: Test,
): Promise<{ readonly url: string; readonly connections: () => number }> {
  let count = 0
  const server = createServer((socket) => {
    count += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, connections: () => count }
}
