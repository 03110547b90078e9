import t from 'tap'
import { fieldAt } from '../../src/core/json-fields.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { until } from '../e2e/until.ts'
import { startControlPlane } from './control-plane.ts'
import { makeAvailable, startFakeNode } from './fake-node.ts'
import { missingKubernetes } from './kubernetes-programs.ts'
import { missing } from './requirement.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-scheduler'))
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const TEMPLATE = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'nix.internal/nix/store/web' }] },
}
const WEB = {
  ...DEPLOYMENT,
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: TEMPLATE },
}
const JOB = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'once' },
  spec: { template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } },
}

void t.test('a control plane with a tenant and a fake node', { skip, timeout: 120_000 }, async (t) => {
  const { provider, tenants } = await startControlPlane(t, {
    tenants: ['tenant'],
    hasControllers: true,
    hasScheduler: true,
    users: { reader: ['readers'] },
  })
  const cluster = kubernetesCluster(parseKubeconfig(provider.kubeconfig))
  const tenant = kubernetesCluster(parseKubeconfig(tenants[0]?.kubeconfig ?? ''))
  t.teardown(() => {
    cluster.close()
    tenant.close()
  })
  t.not(await cluster.identity(), await tenant.identity())
  await startFakeNode(t, provider.kubeconfig)

  const state = async (kind: typeof DEPLOYMENT, name: string, field: string) =>
    fieldAt(await cluster.get({ ...kind, namespace: undefined, name }), 'status', field)
  await cluster.apply(WEB)
  await cluster.apply(JOB)
  await until(
    async () => ((await state(DEPLOYMENT, 'web', 'availableReplicas')) === 2 ? true : undefined),
    40_000,
  )
  await until(async () => ((await state(JOB, 'once', 'succeeded')) === 1 ? true : undefined), 40_000)

  await tenant.apply(WEB)
  t.equal(
    fieldAt(await tenant.get({ ...DEPLOYMENT, namespace: undefined, name: 'web' }), 'status', 'replicas'),
    undefined,
  )
  const live = await tenant.get({ ...DEPLOYMENT, namespace: undefined, name: 'web' })
  if (live !== undefined)
    t.match(await makeAvailable(tenant, live), { status: { availableReplicas: 2, observedGeneration: 1 } })

  const others: readonly DesiredObject[] = [
    { ...WEB, kind: 'StatefulSet', spec: { ...WEB.spec, serviceName: 'web' } },
    { ...WEB, kind: 'DaemonSet', spec: { selector: WEB.spec.selector, template: TEMPLATE } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'alone' }, spec: TEMPLATE.spec },
  ]
  for (const other of others) {
    const { status } = await makeAvailable(tenant, await tenant.apply(other))
    t.match(status, other.kind === 'Pod' ? { phase: 'Running' } : { observedGeneration: 1 })
  }

  const uid = (await cluster.get({ ...DEPLOYMENT, namespace: undefined, name: 'web' }))?.metadata.uid ?? ''
  await cluster.remove({ ...DEPLOYMENT, namespace: undefined, name: 'web' }, { uid })
  await until(
    async () =>
      (await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { labelSelector: 'app=web' })).items.length === 0
        ? true
        : undefined,
    40_000,
  )
  t.match(
    (await tenants[0]?.requests())
      ?.filter(({ uri }) => uri.includes('/deployments'))
      .map(({ verb, user }) => [verb, user]),
    [
      ['patch', 'admin'],
      ['get', 'admin'],
      ['get', 'admin'],
      ['patch', 'admin'],
    ],
  )
})
