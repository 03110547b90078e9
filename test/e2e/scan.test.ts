/** `pushless scan` and `pushless advisories`, as they are called in a shell. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t from 'tap'
import { anyOf, nvdEntry, nvdFeed } from '../insight/vulnerability/advisories.ts'
import { pullManifest, repositoryUrl } from './client.ts'
import { build, root } from '../nix/nix-command.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TIME_LIMIT_MS = 60_000

/** An image of `tool`, which has a patch for one CVE. */
const EXPRESSION = (shell: string, version: string) => `
  let
    system = builtins.currentSystem;
    patch = builtins.toFile "CVE-2024-10002.patch" "";
    tool = derivation {
      name = "openssl-${version}";
      inherit system;
      builder = "/bin/sh";
      args = [ "-c" "echo tool > $out" ];
      pname = "openssl";
      version = "${version}";
      patches = [ patch ];
    };
  in
  image { name = "web"; files."/tool".source = tool; contents = [ (builtins.storePath ${shell}) ]; layers = [ [ tool ] ]; }
`

const FEED = nvdFeed(
  nvdEntry('CVE-2024-10001', [anyOf(['a:openssl:openssl', '<3.0.14'])], { score: 9.8 }),
  nvdEntry('CVE-2024-10002', [anyOf(['a:openssl:openssl', '<3.0.15'])]),
)
const KEV = { catalogVersion: '1', vulnerabilities: [{ cveID: 'CVE-2024-10001', dateAdded: '2024-07-01' }] }

void t.test('images are scanned', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'scan')
  const shell = await busybox()
  const image = await build(EXPRESSION(shell, '3.0.13'))
  const newer = await build(EXPRESSION(shell, '3.0.14'))
  const run = async (...args: readonly string[]) =>
    execa(process.execPath, ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, ...args], {
      cwd: directory,
      env: { ...nixEnv, PUSHLESS_STATE: join(directory, 'state') },
      timeout: TIME_LIMIT_MS,
      reject: false,
    })
  await writeFile(join(directory, 'nvd.json'), JSON.stringify(FEED))
  await writeFile(join(directory, 'kev.json'), JSON.stringify(KEV))

  await t.test('without advisories it says what to do', async (t) => {
    const { exitCode, stderr } = await run('scan', image)
    t.equal(exitCode, 1)
    t.match(stderr, /^pushless: advisories: no such file or directory.*--advisories$/)
  })
  await t.test('advisories are loaded, and scanned by', async (t) => {
    const loaded = await run('advisories', 'update', '--from', 'nvd.json', '--from', 'kev.json')
    t.match(loaded, {
      exitCode: 0,
      stdout: 'loaded 2 CVEs of NVD, 0 records of OSV, 1 of KEV, 0 VEX statements',
    })
    const { stdout, exitCode } = await run('scan', image)
    t.equal(exitCode, 0)
    t.match(stdout, /^critical 9\.8 +CVE-2024-10001 +openssl 3\.0\.13 +3\.0\.14 +exploited$/m)
    t.match(stdout, /^high 7\.5 +CVE-2024-10002 +openssl 3\.0\.13 +3\.0\.15 +fixed$/m)
    t.match(stdout, /^ {2}run time, layer sha256:[0-9a-f]{12}: web > openssl-3\.0\.13$/m)
    t.match(stdout, /^1 finding: 1 critical, 1 exploited$/m)
  })
  await t.test('an SBOM gives the same findings as its image', async (t) => {
    await writeFile(join(directory, 'sbom.json'), (await run('sbom', image)).stdout)
    const scanned = async (what: string) => {
      const { stdout } = await run('scan', '--format', 'json', what)
      const { images } = JSON.parse(stdout) as { images: { findings: unknown }[] }
      return images[0]?.findings
    }
    t.strictSame(await scanned('sbom.json'), await scanned(image))
  })
  await t.test('exit statuses', async (t) => {
    const cases = [
      [['--fail-on', 'kev', 'sbom.json'], 3],
      [['--fail-on', 'critical', 'sbom.json'], 3],
      [['--fail-on', 'low', newer], 0],
      [['--fail-on', 'urgent', 'sbom.json'], 2],
      [['--has', 'openssl', 'sbom.json'], 2],
      [['nvd.json'], 1],
    ] as const
    const statuses = await Promise.all(cases.map(async ([args]) => (await run('scan', ...args)).exitCode))
    t.strictSame(
      statuses,
      cases.map(([, status]) => status),
    )
  })
  await t.test('a newer image', async (t) => {
    const { stdout } = await run('scan', '--compare', newer, 'sbom.json')
    t.match(stdout, /CVE-2024-10001 .* exploited, gone in the newer image$/m)
  })
  await t.test('other forms', async (t) => {
    const sarif = await run('scan', '--format', 'sarif', '--sarif-driver', 'trivy', 'sbom.json')
    t.match(JSON.parse(sarif.stdout), {
      runs: [
        { tool: { driver: { name: 'trivy', rules: [{ help: { text: /^Severity: CRITICAL$/m } }, {}] } } },
      ],
    })
    const vex = await run('scan', '--format', 'openvex', 'sbom.json')
    t.match(JSON.parse(vex.stdout), {
      timestamp: '2024-06-01T00:00:00.000Z',
      statements: [{ status: 'affected' }, { status: 'fixed' }],
    })
    t.equal(
      (await run('scan', '--format', 'openvex', 'sbom.json')).stdout,
      vex.stdout,
      'the same bytes each time',
    )
  })
  await t.test('a fleet', async (t) => {
    const pods = {
      apiVersion: 'v1',
      kind: 'List',
      items: [image, newer].map((path, i) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `p${i}` },
        spec: {
          containers: [`nix.internal${path}:nix`, 'docker.io/library/redis:8'].map((name) => ({
            name: 'c',
            image: name,
          })),
        },
      })),
    }
    await writeFile(join(directory, 'pods.json'), JSON.stringify(pods))
    await writeFile(
      join(directory, 'list'),
      `# images\n${image}\nsbom.json # the same\n/nix/store/${'0'.repeat(32)}-gone\n`,
    )
    const has = await run('scan', '--fleet', '--has', 'openssl<3.0.14', 'pods.json')
    t.match(has, { exitCode: 0, stderr: '1 images of other registries are left out' })
    t.match(has.stdout, /^openssl 3\.0\.13, in 1 image\n {4}nix\.internal\/nix\/store\/.*\n1 of 2 images$/)
    const table = await run('scan', '--fleet', 'list')
    t.equal(table.exitCode, 1, 'one image is gone')
    t.match(table.stderr, /-gone is not scanned: /)
    t.match(
      table.stdout,
      /^openssl 3\.0\.13, in 2 images\n {2}critical 9\.8 +CVE-2024-10001 +fixed in 3\.0\.14 +exploited +2 images$/m,
    )
  })
  await t.test('a registry with advisories', async (t) => {
    const advisories = await temporaryDirectory(t, 'advisories')
    await writeFile(join(advisories, 'nvd.json'), JSON.stringify(FEED))
    await writeFile(join(advisories, 'kev.json'), JSON.stringify(KEV))
    const server = await startPushless(t, { args: ['--advisories', advisories] })
    while (!server.logs.some(({ msg }) => msg === 'advisories loaded')) await setTimeout(20)
    const { digest } = await pullManifest(server.url, image)
    const base = repositoryUrl(server.url, image)
    const listed = (await (await fetch(`${base}/referrers/${digest}`)).json()) as {
      manifests: { artifactType: string; digest: string; annotations: Record<string, string> }[]
    }
    for (const [type, content] of [
      ['application/sarif+json', { runs: [{ tool: { driver: { name: 'pushless' } } }] }],
      ['application/vnd.openvex+json', { statements: [{ status: 'affected' }, { status: 'fixed' }] }],
    ] as const) {
      const found = listed.manifests.find(({ artifactType }) => artifactType === type)
      t.match(found?.annotations['org.opencontainers.image.created'], /^2024-06-01T/, 'dated by the data')
      const { layers } = (await (await fetch(`${base}/manifests/${found?.digest}`)).json()) as {
        layers: { digest: string }[]
      }
      t.match(await (await fetch(`${base}/blobs/${layers[0]?.digest}`)).json(), content)
    }
    const page = await (await fetch(`${server.url}/images/${image.slice('/nix/store/'.length)}`)).text()
    t.match(page, /CVE-2024-10001[^]*critical[^]*openssl 3\.0\.13[^]*3\.0\.14[^]*exploited since 2024-07-01/)
    const fleet = await run('scan', '--fleet', '--registry', server.url, '--has', 'openssl<3.0.14')
    t.match(fleet, { exitCode: 0, stdout: /^openssl 3\.0\.13, in 1 image\n/ }, 'all that it knows')
    t.equal((await run('scan', '--registry', server.url)).exitCode, 2, 'no image is named')
  })
  await t.test('damage is one line', async (t) => {
    await writeFile(
      join(directory, 'cut.json'),
      (await readFile(join(directory, 'nvd.json'))).subarray(0, 300),
    )
    t.match(await run('advisories', 'update', '--from', 'cut.json'), {
      exitCode: 1,
      stderr:
        /^loading cut\.json\npushless: cut\.json: byte 300: the document ends too early in the midst of entry 1; fetch it again$/,
    })
    t.match(await run('advisories', 'update', '--from', 'http://127.0.0.1:1/nvd.json'), {
      exitCode: 1,
      stderr: /pushless: http:\/\/127\.0\.0\.1:1\/nvd\.json: /,
    })
  })
})
