/** `pushless install operator` and `operator-access` print what the Nix library makes of the same arguments. */
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { accessText, type AccessFlags } from '../../../src/cli/install/install-access.ts'
import { operatorText } from '../../../src/cli/install/install-operator.ts'
import type { OperatorInstallFlags } from '../../../src/cli/install/operator-install-flags.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

const KEY = 'cache.example.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='
const IMAGE = 'registry.example/pushless:2'

/** Flags, and the arguments of the library that say the same. */
const OPERATORS: readonly (readonly [string, OperatorInstallFlags, string])[] = [
  ['as it is', {}, ''],
  [
    'caches of a team',
    {
      image: IMAGE,
      imagePullSecret: 'pull',
      namespace: 'deliveries',
      replicas: '3',
      caches: ['https://cache.example.org', 's3://team?region=eu-west-1'],
      trustedKeys: [KEY],
      storeSize: '5001',
    },
    `image = "${IMAGE}"; imagePullSecret = "pull"; namespace = "deliveries"; replicas = 3; storeSize = 5001;
      settings = { caches = "https://cache.example.org s3://team?region=eu-west-1"; trusted-keys = "${KEY}"; };`,
  ],
  [
    'a registry, and secrets',
    {
      registry: 'https://registry.example:5000',
      host: ['images.example', 'images.internal'],
      netrcSecret: 'netrc',
      s3Secret: 'bucket',
      cacheCa: 'authority',
      tokenSecret: 'token',
      accountAnnotation: ['example.org/role=reader'],
      setting: ['log-level=debug'],
    },
    `args = [ "--registry" "https://registry.example:5000" "--host" "images.example" "--host" "images.internal" ];
      netrcSecret = "netrc"; s3Secret = "bucket"; cacheAuthority = "authority"; tokenSecret = "token";
      serviceAccountAnnotations."example.org/role" = "reader"; settings.log-level = "debug";`,
  ],
]

const ACCESS: readonly (readonly [AccessFlags, string])[] = [
  [
    { namespace: 'team-a', account: ['default', 'deployer'], operatorNamespace: 'pushless-operator' },
    'namespace = "team-a"; serviceAccounts = [ "default" "deployer" ];',
  ],
  [
    { namespace: 'team-a', secret: ['production'], operatorNamespace: 'deliveries' },
    `namespace = "team-a"; secrets = [ "production" ];
      operator = { name = "pushless-operator"; namespace = "deliveries"; };`,
  ],
  [
    { namespace: 'team-a', account: ['default'], allSecrets: true, operatorNamespace: 'pushless-operator' },
    'namespace = "team-a"; serviceAccounts = [ "default" ]; secretsByLabel = true;',
  ],
]

void t.test('the objects of the library', { skip: withoutNix }, async (t) => {
  const operators = OPERATORS.map(([, , given]) => `(definitions ++ operator { ${given} })`)
  const access = ACCESS.map(([, given]) => `(operatorAccess { ${given} })`)
  const [operatorObjects = [], accessObjects = []] = (await evaluate(
    `with import ${root}manifests/operator { }; [ [ ${operators.join(' ')} ] [ ${access.join(' ')} ] ]`,
  )) as readonly (readonly unknown[])[]
  for (const [i, [name, flags]] of OPERATORS.entries())
    t.same(objectsIn(await operatorText(flags, root)), operatorObjects[i], name)
  for (const [i, [flags]] of ACCESS.entries()) t.same(objectsIn(accessText(flags)), accessObjects[i])
})

void t.test('what is refused', async (t) => {
  for (const [flags, message] of [
    [{ image: 'two words' }, /not the name of an image/],
    [{ namespace: 'Operator' }, /not a name that a namespace can have/],
    [{ replicas: '2-10' }, /--replicas 2-10: expected a whole number/],
    [{ caches: ['file:///srv'] }, /a Pod has no directory of yours/],
    [{ registry: 'ftp://a.example' }, /--registry: not a URL/],
    [{ netrcSecret: 'a/b' }, /--netrc-secret a\/b: expected the name of an object/],
    [{ setting: ['grace=3'] }, /--setting grace=3: expected NAME=VALUE/],
    [{ setting: ['store=cache'] }, /another option of this command decides it/],
  ] as const satisfies readonly (readonly [OperatorInstallFlags, RegExp])[])
    await t.rejects(operatorText(flags, root), { constructor: UsageError, message })
  for (const [flags, message] of [
    [{ account: ['default'] }, /--namespace: expected the namespace of the profiles/],
    [{ namespace: 'team-a' }, /expected --account, --secret or --all-secrets/],
    [{ namespace: 'team-a', account: ['A'] }, /--account A: expected the name of an object/],
  ] as const)
    t.throws(() => accessText({ ...flags, operatorNamespace: 'pushless-operator' }), {
      constructor: UsageError,
      message,
    })
})

function objectsIn(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => document.toJS() as unknown)
}
