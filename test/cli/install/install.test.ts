/** `pushless install --print` prints what the Nix library makes of the same arguments, and refuses what can't be. */
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { installText } from '../../../src/cli/install/install.ts'
import type { InstallFlags } from '../../../src/cli/install/install-flags.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { checkObject, customKinds } from '../../../src/kubernetes/check/check-objects.ts'
import { readObjects } from '../../../src/kubernetes/read/read-objects.ts'
import { kubernetesVersions, readSchema } from '../../../src/kubernetes/check/schema.ts'
import { SettingsError } from '../../../src/settings/settings-error.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

const KEY = 'cache.example.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='
const IMAGE = 'registry.example/pushless:2'

/** Flags, and the arguments of the library that say the same. */
const CASES: readonly (readonly [string, InstallFlags, string])[] = [
  ['any cluster', { kind: 'cache' }, 'store = "cache";'],
  [
    'caches of a team',
    {
      kind: 'cache',
      image: IMAGE,
      caches: ['https://cache.example.org', 's3://team?region=eu-west-1'],
      trustedKeys: [KEY],
      storeSize: '5001',
      namespace: 'images',
    },
    `store = "cache"; image = "${IMAGE}"; trustedKeys = [ "${KEY}" ]; storeSize = 5001; namespace = "images";
      caches = [ "https://cache.example.org" "s3://team?region=eu-west-1" ];`,
  ],
  [
    'secrets',
    {
      kind: 'cache',
      tlsSecret: 'certificate',
      tokenSecret: 'token',
      authSecret: 'who',
      netrcSecret: 'netrc',
      s3Secret: 'bucket',
      cacheCa: 'authority',
      imagePullSecret: 'pull',
    },
    `store = "cache"; tlsSecret = "certificate"; tokenSecret = "token"; authSecret = "who"; netrcSecret = "netrc";
      s3Secret = "bucket"; cacheAuthority = "authority"; imagePullSecret = "pull";`,
  ],
  [
    'a role of a cloud',
    { kind: 'cache', accountAnnotation: ['example.org/role=reader'] },
    'store = "cache"; serviceAccountAnnotations."example.org/role" = "reader";',
  ],
  ['a fixed number', { kind: 'cache', replicas: '3' }, 'store = "cache"; replicas = 3;'],
  [
    'bounds',
    { kind: 'cache', replicas: '3-20' },
    'store = "cache"; autoscaling = { min = 3; max = 20; cpu = 80; };',
  ],
  [
    'names, addresses and settings',
    {
      kind: 'cache',
      host: ['registry.example.org'],
      clients: ['10.0.0.0/24', 'fd00::/8'],
      nodePort: '31000',
      setting: ['hold=25', 'cache-size=500'],
    },
    `store = "cache"; settings = { hosts = "registry.example.org"; hold = 25; cache-size = 500; };
      clients = [ "10.0.0.0/24" "fd00::/8" ]; nodePort = 31000;`,
  ],
  ['no port on nodes', { kind: 'cache', nodePort: 'none' }, 'store = "cache"; nodePort = null;'],
  [
    'with the set-up of nodes',
    {
      kind: 'cache',
      nodeSetup: true,
      nodeAuthority: 'authority',
      tlsSecret: 'certificate',
      image: IMAGE,
      imagePullSecret: 'pull',
    },
    `store = "cache"; nodes.authority = "authority"; tlsSecret = "certificate"; image = "${IMAGE}";
      imagePullSecret = "pull";`,
  ],
  ['every node', { kind: 'daemon-set' }, ''],
  [
    'every node, otherwise',
    { kind: 'daemon-set', image: IMAGE, namespace: 'images', tokenSecret: 'token', nodeSetup: false },
    `image = "${IMAGE}"; namespace = "images"; tokenSecret = "token"; nodes = null;`,
  ],
  [
    'every node, with secrets',
    {
      kind: 'daemon-set',
      tlsSecret: 'certificate',
      authSecret: 'who',
      tokenSecret: 'token',
      imagePullSecret: 'pull',
      nodeAuthority: 'authority',
    },
    `tlsSecret = "certificate"; authSecret = "who"; tokenSecret = "token"; imagePullSecret = "pull";
      nodes.authority = "authority";`,
  ],
  ['any cluster, with builds', { kind: 'stateful-set' }, 'kind = "StatefulSet";'],
  [
    'any cluster, with builds elsewhere',
    {
      kind: 'stateful-set',
      image: IMAGE,
      caches: ['https://cache.example.org'],
      trustedKeys: [KEY],
      buildersSecret: 'builders',
      netrcSecret: 'netrc',
      cacheCa: 'authority',
      authSecret: 'who',
      tlsSecret: 'certificate',
      nodePort: '31000',
      nodeSetup: true,
      noSandbox: true,
      setting: ['hold=25'],
    },
    `kind = "StatefulSet"; image = "${IMAGE}"; caches = [ "https://cache.example.org" ]; trustedKeys = [ "${KEY}" ];
      buildersSecret = "builders"; netrcSecret = "netrc"; cacheAuthority = "authority"; authSecret = "who";
      tlsSecret = "certificate"; nodePort = 31000; nodes = { }; sandbox = false; settings.hold = 25;`,
  ],
  ['one node', { kind: 'deployment' }, 'kind = "Deployment";'],
  [
    'one node, with secrets',
    {
      kind: 'deployment',
      tlsSecret: 'certificate',
      authSecret: 'who',
      tokenSecret: 'token',
      imagePullSecret: 'pull',
      nodePort: '31000',
    },
    `kind = "Deployment"; tlsSecret = "certificate"; authSecret = "who"; tokenSecret = "token";
      imagePullSecret = "pull"; nodePort = 31000;`,
  ],
  [
    'one node, otherwise',
    { kind: 'deployment', image: IMAGE, replicas: '2', nodePort: '31000', clients: ['10.0.0.0/24'] },
    `kind = "Deployment"; image = "${IMAGE}"; replicas = 2; nodePort = 31000; clients = [ "10.0.0.0/24" ];`,
  ],
]

void t.test('the objects of the library', { skip: withoutNix }, async (t) => {
  const calls = CASES.map(([, , given]) => `(registry { ${given} })`).join(' ')
  const expected = (await evaluate(
    `with { inherit (import ${root}manifests { }) registry; }; [ ${calls} ]`,
  )) as readonly unknown[]
  for (const [i, [name, flags]] of CASES.entries()) {
    const documents = parseAllDocuments(await installText(flags, root))
    t.same(
      documents.map((document) => document.toJS()),
      expected[i],
      name,
    )
  }
})

void t.test('every version of Kubernetes takes them', async (t) => {
  const schemas = `${root}manifests/schema`
  for (const version of await kubernetesVersions(schemas)) {
    const schema = await readSchema(schemas, version)
    for (const [name, flags] of CASES) {
      const { objects, problems } = readObjects(await installText(flags, root), name)
      t.same(problems, [])
      t.ok(objects.length >= 3, name)
      const found = objects.flatMap(({ object }) => checkObject(schema, customKinds([]), object))
      t.same(found, [], `${version}: ${name}`)
    }
  }
})

void t.test('what is refused', async (t) => {
  for (const [flags, expected] of [
    [{ kind: 'daemon-set', replicas: '2' }, /--replicas: --kind daemon-set has no use for it/],
    [{ kind: 'deployment', caches: ['https://a.example'] }, /--caches: --kind deployment has no use for it/],
    [{ kind: 'deployment', replicas: '1-2' }, /--replicas 1-2: --kind deployment takes one number/],
    [{ kind: 'cache', replicas: '5-2' }, /expected a number such as 3, or bounds such as 2-10/],
    [{ kind: 'cache', replicas: 'many' }, /expected a number/],
    [{ kind: 'cache', caches: ['file:///srv'] }, /a Pod has no directory of yours/],
    [{ kind: 'cache', namespace: 'Images' }, /not a name that a namespace can have/],
    [{ kind: 'cache', image: 'two words' }, /not the name of an image/],
    [{ kind: 'cache', clients: ['10.0.0.1'] }, /expected addresses such as 10.0.0.0\/24/],
    [{ kind: 'cache', nodePort: '80' }, /expected a port from 30000 to 32767/],
    [{ kind: 'cache', tlsSecret: 'a/b' }, /--tls-secret a\/b: expected the name of an object/],
    [{ kind: 'cache', noSandbox: true }, /--no-sandbox: --kind cache has no use for it/],
    [{ kind: 'deployment', nodeAuthority: 'ca' }, /--node-authority: expected --tls-secret/],
    [{ kind: 'cache', tlsSecret: 'a', nodeAuthority: 'ca' }, /there is no node set-up that would read it/],
    [
      { kind: 'deployment', tlsSecret: 'a', nodeAuthority: 'a/b' },
      /--node-authority a\/b: expected the name/,
    ],
    [{ kind: 'cache', storeSize: '1GB' }, /--store-size 1GB: expected a whole number/],
    [{ kind: 'cache', accountAnnotation: ['role'] }, /--account-annotation role: expected NAME=VALUE/],
    [{ kind: 'cache', setting: ['holdd=1'] }, /--setting holdd=1: expected NAME=VALUE/],
    [{ kind: 'cache', setting: ['listen=0.0.0.0:1'] }, /another option of this command decides it/],
  ] as const satisfies readonly (readonly [InstallFlags, RegExp])[])
    await t.rejects(installText(flags, root), { constructor: UsageError, message: expected })
  for (const [flags, expected] of [
    [{ kind: 'cache', caches: ['cache.example.org'] }, /--caches .*no address of a binary cache/],
    [{ kind: 'cache', trustedKeys: ['key'] }, /--trusted-keys .*no key/],
    [{ kind: 'cache', setting: ['hold=long'] }, /--hold .*must be number/],
  ] as const satisfies readonly (readonly [InstallFlags, RegExp])[])
    await t.rejects(installText(flags, root), { constructor: SettingsError, message: expected })
})

void t.test('the variant for any cluster is "restricted"', async (t) => {
  const text = await installText({ kind: 'cache' }, root)
  t.match(text, /pod-security\.kubernetes\.io\/enforce: restricted/)
  t.notMatch(text, /hostPath|hostNetwork|hostPort|privileged/)
  t.match(text, /runAsNonRoot: true/)
  t.match(text, /allowPrivilegeEscalation: false/)
})
