/** The Helm chart makes the objects of the library, and its schema refuses what can't be. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { parse, parseAllDocuments } from 'yaml'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'
import { goTool } from '../../support/go-tools.ts'
import { helm, withoutHelm } from '../../support/helm.ts'

const CHART = `${root}charts/pushless`
const LIMIT_MS = 30_000
/** That of this machine, or one that was built. */
const program = withoutHelm === false ? helm : await goTool('helm').catch(() => undefined)
const skip = program === undefined && withoutHelm

/** Values, and the arguments of the library that say the same. */
const CASES: readonly (readonly [object, string])[] = [
  [{}, ''],
  [
    {
      image: { repository: 'registry.example/pushless', tag: '2' },
      caches: ['https://cache.example.org', 's3://team?region=eu-west-1'],
      storeSize: 2_000_001,
      imagePullSecrets: ['pull'],
    },
    `image = "registry.example/pushless:2"; caches = [ "https://cache.example.org" "s3://team?region=eu-west-1" ];
      storeSize = 2000001; imagePullSecret = "pull";`,
  ],
  [
    {
      secrets: { tls: 'certificate', token: 'token', auth: 'who', netrc: 'netrc', s3: 'bucket' },
      cacheAuthority: 'authority',
      serviceAccount: { annotations: { 'example.org/role': 'reader' } },
    },
    `tlsSecret = "certificate"; tokenSecret = "token"; authSecret = "who"; netrcSecret = "netrc"; s3Secret = "bucket";
      cacheAuthority = "authority"; serviceAccountAnnotations."example.org/role" = "reader";`,
  ],
  [
    { replicas: 3, disruptionBudget: { maxUnavailable: null, minAvailable: '50%' }, spread: ['zone'] },
    'replicas = 3; disruptionBudget.minAvailable = "50%"; spread = [ "zone" ];',
  ],
  [
    {
      autoscaling: { min: 3, max: 20, cpu: 60 },
      settings: { hold: 25, grace: 60, 'cache-size': 5_000_000, 'serve-packages': true },
      hosts: ['registry.example.org'],
      service: { nodePort: null },
      port: 6000,
      networkPolicy: { enabled: false },
      disruptionBudget: null,
      priorityClassName: 'high',
      tolerations: [{ operator: 'Exists' }],
    },
    `autoscaling = { min = 3; max = 20; cpu = 60; }; nodePort = null; port = 6000; networkPolicy = false;
      settings = { hold = 25; grace = 60; cache-size = 5000000; serve-packages = true; hosts = "registry.example.org"; };
      disruptionBudget = null; priorityClassName = "high"; tolerations = [ { operator = "Exists"; } ];`,
  ],
  [
    { networkPolicy: { clients: ['10.0.0.0/24'] }, service: { nodePort: 31_000 } },
    'clients = [ "10.0.0.0/24" ]; nodePort = 31000;',
  ],
]

const WRONG: readonly object[] = [
  { imagee: {} },
  { caches: [] },
  { caches: ['file:///srv/cache'] },
  { trustedKeys: ['a key'] },
  { storeSize: '20Gi' },
  { settings: { listen: '127.0.0.1:1' } },
  { secrets: { tls: 'Not A Name' } },
  { service: { nodePort: 80 } },
  { networkPolicy: { clients: ['10.0.0.1'] } },
  { replicas: -1 },
]

const named = (objects: readonly unknown[]) =>
  objects
    .map((object) => object as { kind: string })
    .filter(({ kind }) => kind !== 'Namespace')
    .toSorted((a, b) => (a.kind < b.kind ? -1 : 1))

void t.test('the objects of the library', { skip: skip || withoutNix }, async (t) => {
  const calls = CASES.map(([, given]) => `(registry { store = "cache"; ${given} })`).join(' ')
  const expected = (await evaluate(
    `with { inherit (import ${root}manifests { }) registry; }; [ ${calls} ]`,
  )) as readonly (readonly unknown[])[]
  for (const [i, [values, given]] of CASES.entries()) {
    const { stdout } = await template(values)
    const documents = parseAllDocuments(stdout).map((document): unknown => document.toJS())
    t.same(named(documents.filter((one) => one !== null)), named(expected[i] ?? []), given || 'defaults')
  }
})

void t.test('wrong values', { skip }, async (t) => {
  for (const values of WRONG) {
    const { exitCode, stderr } = await template(values)
    t.not(exitCode, 0, JSON.stringify(values))
    t.match(stderr, /don't meet the specifications of the schema/)
  }
})

void t.test('helm lint has nothing to say', { skip }, async (t) => {
  const { exitCode, stdout } = await execa(program ?? '', ['lint', '--strict', CHART], {
    reject: false,
    timeout: LIMIT_MS,
  })
  t.equal(exitCode, 0, stdout)
})

void t.test('its schema, its defaults and its version', async (t) => {
  const schema = JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8')) as object
  const values: object = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'))
  const validator = Compile(schema)
  t.ok(validator.Check(values), JSON.stringify(validator.Errors(values)))
  for (const wrong of WRONG) t.notOk(validator.Check({ ...values, ...wrong }), JSON.stringify(wrong))
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string }
  t.match(parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')), { version, appVersion: version })
})

async function template(values: object) {
  return execa(
    program ?? '',
    ['template', 'pushless', CHART, '--namespace', 'pushless', '--kube-version', '1.34.0', '--values', '-'],
    { input: JSON.stringify(values), reject: false, timeout: LIMIT_MS },
  )
}
