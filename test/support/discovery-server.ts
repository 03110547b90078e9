/**
 * As much of a Kubernetes API server as `kubectl apply --dry-run=client` asks before it says that it would create
 * an object: which kinds there are, and that none of the objects is there. It is no cluster and checks nothing.
 */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { Scope } from './scope.ts'

/** By group and version: plural, kind, and whether it has a namespace. */
const KINDS: Readonly<
  Record<string, readonly (readonly [name: string, kind: string, namespaced: boolean])[]>
> = {
  v1: [
    ['namespaces', 'Namespace', false],
    ['serviceaccounts', 'ServiceAccount', true],
    ['configmaps', 'ConfigMap', true],
    ['secrets', 'Secret', true],
    ['services', 'Service', true],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', true],
    ['pods', 'Pod', true],
  ],
  'apps/v1': [
    ['deployments', 'Deployment', true],
    ['statefulsets', 'StatefulSet', true],
    ['daemonsets', 'DaemonSet', true],
  ],
  'batch/v1': [
    ['jobs', 'Job', true],
    ['cronjobs', 'CronJob', true],
  ],
  'rbac.authorization.k8s.io/v1': [
    ['roles', 'Role', true],
    ['clusterroles', 'ClusterRole', false],
    ['rolebindings', 'RoleBinding', true],
    ['clusterrolebindings', 'ClusterRoleBinding', false],
  ],
  'networking.k8s.io/v1': [
    ['ingresses', 'Ingress', true],
    ['networkpolicies', 'NetworkPolicy', true],
  ],
  'autoscaling/v2': [['horizontalpodautoscalers', 'HorizontalPodAutoscaler', true]],
  'policy/v1': [['poddisruptionbudgets', 'PodDisruptionBudget', true]],
  'apiextensions.k8s.io/v1': [['customresourcedefinitions', 'CustomResourceDefinition', false]],
  'example.org/v1': [['widgets', 'Widget', true]],
}

/** On loopback, until the scope ends. @returns its URL, for `kubectl --server`. */
export async function discoveryServer(scope: Scope): Promise<string> {
  const server: Server = createServer(({ url = '' }, response) => {
    const answer = answers.get(new URL(url, 'http://localhost').pathname)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(
        answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
      ),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

const answers = new Map<string, unknown>([
  ['/api', { kind: 'APIVersions', versions: ['v1'] }],
  [
    '/apis',
    {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: Object.keys(KINDS)
        .filter((version) => version !== 'v1')
        .map((groupVersion) => {
          const [name, version] = groupVersion.split('/')
          const one = { groupVersion, version }
          return { name, versions: [one], preferredVersion: one }
        }),
    },
  ],
  ...Object.entries(KINDS).map(([groupVersion, kinds]): [string, unknown] => [
    groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`,
    {
      kind: 'APIResourceList',
      groupVersion,
      resources: kinds.map(([name, kind, namespaced]) => ({
        name,
        kind,
        namespaced,
        singularName: '',
        verbs: ['create', 'get', 'patch'],
      })),
    },
  ]),
])
