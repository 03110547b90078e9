import t from 'tap'
import {
  describeIdentity,
  nameFiles,
  type ObjectIdentity,
} from '../../../src/kubernetes/read/object-files.ts'
import { evaluate, root, withoutNix } from '../../nix/nix-command.ts'

function object(apiVersion: string, kind: string, name: string, namespace?: string): ObjectIdentity {
  return { apiVersion, kind, name, namespace }
}

const RBAC = 'rbac.authorization.k8s.io/v1'
const WEBHOOKS = 'admissionregistration.k8s.io/v1'

/** In the order in which they shall be applied. */
const ORDER: readonly (readonly [object: ObjectIdentity, file: string])[] = [
  [object('v1', 'Namespace', 'shop'), '10-namespace-shop'],
  [
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'widgets.example.org'),
    '12-customresourcedefinition-widgets.example.org',
  ],
  [object('storage.k8s.io/v1', 'StorageClass', 'fast'), '14-storageclass-fast'],
  [object('networking.k8s.io/v1', 'NetworkPolicy', 'deny', 'shop'), '16-networkpolicy-shop-deny'],
  [object('v1', 'ServiceAccount', 'web', 'shop'), '20-serviceaccount-shop-web'],
  [object(RBAC, 'ClusterRole', 'system:Reader'), '22-clusterrole-system-reader'],
  [object(RBAC, 'Role', 'r', 'shop'), '22-role-shop-r'],
  [object(RBAC, 'ClusterRoleBinding', 'b'), '24-clusterrolebinding-b'],
  [object('v1', 'ConfigMap', 'c', 'shop'), '30-configmap-shop-c'],
  [object('v1', 'Secret', 's', 'shop'), '30-secret-shop-s'],
  [object('v1', 'PersistentVolume', 'disk'), '34-persistentvolume-disk'],
  [object('v1', 'PersistentVolumeClaim', 'data', 'shop'), '36-persistentvolumeclaim-shop-data'],
  [object('v1', 'Service', 'web', 'shop'), '40-service-shop-web'],
  [object('apps/v1', 'Deployment', 'web', 'shop'), '50-deployment-shop-web'],
  [object('v1', 'Pod', 'c', 'a-b'), '50-pod-a-b-c'],
  // The same name of a file by another way, and one that looks as if it were numbered.
  [object('v1', 'Pod', 'b-c', 'a'), '50-pod-a-b-c_2'],
  [object('v1', 'Pod', 'b-c-2', 'a'), '50-pod-a-b-c-2'],
  [object('batch/v1', 'Job', 'once', 'shop'), '54-job-shop-once'],
  [object('networking.k8s.io/v1', 'Ingress', 'web', 'shop'), '60-ingress-shop-web'],
  [object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', 'shop'), '70-horizontalpodautoscaler-shop-web'],
  [object('policy/v1', 'PodDisruptionBudget', 'web', 'shop'), '70-poddisruptionbudget-shop-web'],
  // Of a group of its own, it isn't the Service that everyone knows.
  [object('serving.knative.dev/v1', 'Service', 'fn', 'shop'), '80-service-shop-fn'],
  [object('example.org/v1', 'Widget', 'w'.repeat(300)), `80-widget-${'w'.repeat(210)}`],
  [object(WEBHOOKS, 'ValidatingWebhookConfiguration', 'v'), '90-validatingwebhookconfiguration-v'],
]

void t.test('the order of names is the order to apply in, whatever order is given', async (t) => {
  const given = ORDER.map(([identity]) => ({ identity })).toReversed()
  const named = nameFiles(given)
  t.same(
    new Map(named.map(({ base, identity }) => [describeIdentity(identity), base])),
    new Map(ORDER.map(([identity, file]) => [describeIdentity(identity), file])),
  )
  t.same(
    named.map(({ base }) => base.slice(0, 2)),
    ORDER.map(([, file]) => file.slice(0, 2)),
  )
  const bases = named.map(({ base }) => base)
  t.same(bases, bases.toSorted(), 'no two are the same, and they are sorted')
})

void t.test('Nix gives the same names in the same order', { skip: withoutNix }, async (t) => {
  const objects = ORDER.map(([{ apiVersion, kind, name, namespace }]) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }))
  const json = JSON.stringify(JSON.stringify(objects))
  t.same(
    await evaluate(
      `map (file: file.base) (import ${root}manifests/output/file-names.nix (builtins.fromJSON ${json}))`,
    ),
    nameFiles(ORDER.map(([identity]) => ({ identity }))).map(({ base }) => base),
  )
})
