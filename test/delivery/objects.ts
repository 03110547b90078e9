/** Objects for tests of deliveries. */
import type { DesiredObject, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { makeSet, type ObjectSet, type ScopeOf } from '../../src/delivery/set/object-set.ts'

const CLUSTER_KINDS = new Set([
  'Namespace',
  'ClusterRole',
  'CustomResourceDefinition',
  'ValidatingWebhookConfiguration',
  'PersistentVolume',
])
const API_VERSIONS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  ClusterRole: 'rbac.authorization.k8s.io/v1',
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
  ValidatingWebhookConfiguration: 'admissionregistration.k8s.io/v1',
  Widget: 'example.org/v1',
}

/** `kind/name` or `kind/namespace/name`. */
export function objectOf(
  text: string,
  fields: object = {},
  annotations?: Readonly<Record<string, string>>,
): DesiredObject {
  const [kind = '', ...path] = text.split('/')
  const name = path.at(-1) ?? ''
  return {
    apiVersion: API_VERSIONS[kind] ?? 'v1',
    kind,
    metadata: {
      name,
      ...(path.length > 1 ? { namespace: path[0] ?? '' } : {}),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...fields,
  }
}

export const scopeOf: ScopeOf = ({ kind }) =>
  kind === 'Unknown' ? undefined : CLUSTER_KINDS.has(kind) ? 'Cluster' : 'Namespaced'

/** A set `default/web` of these objects. */
export function setOf(objects: readonly DesiredObject[]): ObjectSet {
  const { set, problems } = makeSet(
    objects.map((object, i) => ({ object, placeOf: () => `objects.yaml:${i + 1}` })),
    { name: { namespace: 'default', name: 'web' }, revision: 'sha256:1', namespace: 'default', scopeOf },
  )
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return set
}

export function liveOf(object: DesiredObject, uid: string, metadata: object = {}): LiveObject {
  return {
    ...object,
    metadata: { ...object.metadata, ...metadata, uid, resourceVersion: '1' },
  }
}
