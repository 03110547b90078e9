/** The operator with no rights but those of its manifests, on an API server that knows roles. */
import { join } from 'node:path'
import t from 'tap'
import { fieldAt } from '../../src/core/json-fields.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { evaluate, root, withoutNix } from '../nix/nix-command.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { deployerRole } from '../support/deployer-role.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import {
  PROFILES,
  clusterOf,
  conditionIn,
  configMap,
  installOperator,
  messageIn,
  profile,
  startOperator,
  until,
} from '../support/operator-rig.ts'
import { putManifests } from '../support/operator-store.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver')) || withoutNix
const OPERATOR = 'system:serviceaccount:pushless-operator:pushless-operator'
const ACCESS = `(import ${root}manifests/operator { }).operatorAccess { namespace = "shop"; serviceAccounts = [ "deployer" ]; }`

void t.test('the rights of the operator', { skip }, async (t) => {
  const directory = await temporaryDirectory(t, 'operator')
  const { provider } = await startControlPlane(t, {
    hasRoles: true,
    users: { [OPERATOR]: ['system:serviceaccounts', 'system:authenticated'] },
  })
  const own = clusterOf(t, provider.kubeconfig)
  await installOperator(own)
  const objects: readonly DesiredObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    ...((await evaluate(ACCESS)) as readonly DesiredObject[]),
    ...deployerRole('shop', 'deployer'),
  ]
  for (const object of objects) await own.apply(object)
  startOperator(t, provider.kubeconfigOf(OPERATOR), directory, {
    defaultServiceAccount: 'default',
    lease: { namespace: 'pushless-operator', name: 'pushless-operator', durationMs: 3000 },
  })
  const path = await putManifests(join(directory, 'store'), 'web', [configMap('web', { a: '1' })])
  const get = async (name: string) => own.get({ ...PROFILES, namespace: 'shop', name })

  await t.test('a profile acts as the account that it names', async (t) => {
    await own.apply(profile('shop', 'web', { source: { storePath: path }, serviceAccountName: 'deployer' }))
    await until(
      'it is ready',
      async () => conditionIn(await get('web'), 'Ready') === 'True Delivered',
      () => '',
    )
    const map = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'web' }
    t.same(fieldAt(await own.get(map), 'data'), { a: '1' })
    await own.apply(
      { ...configMap('web', { a: '2' }), metadata: { namespace: 'shop', name: 'web' } },
      { force: true, fieldManager: 'kubectl-edit' },
    )
    await until('drift is corrected', async () => fieldAt(await own.get(map), 'data', 'a') === '1')
    const live = await get('web')
    await own.remove({ ...PROFILES, namespace: 'shop', name: 'web' }, { uid: live?.metadata.uid ?? '' })
    await until('it is gone', async () => (await get('web')) === undefined)
    t.equal(await own.get(map), undefined)
  })

  // Requests for accounts are refused in the next part.
  const refused = (await provider.requests()).filter(
    ({ user, status, impersonated }) => user === OPERATOR && status === 403 && impersonated === undefined,
  )
  t.same(
    refused.map(({ verb, uri }) => `${verb} ${uri}`),
    [],
    'the operator asks for nothing that it may not have',
  )

  await t.test('accounts that nobody allowed are refused', async (t) => {
    for (const [name, account] of [
      ['default', {}],
      ['other', { serviceAccountName: 'admin' }],
    ] as const) {
      await own.apply(profile('shop', name, { source: { storePath: path }, ...account }))
      await until(
        `${name} is refused`,
        async () => conditionIn(await get(name), 'Ready') === 'False TargetForbidden',
      )
      t.match(messageIn(await get(name), 'Ready'), /cannot impersonate/)
    }
  })
})
