/**
 * Health on a real API server. Controllers and kubelets aren't there: the test writes the statuses that they would
 * write, so that a wait meets the server's own lists, watches and field selectors.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Json } from '../../src/core/json.ts'
import type { Cluster, DesiredObject, LiveObject, ObjectName } from '../../src/kubernetes/client/cluster.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { explainHealth } from '../../src/delivery/health/explain-health.ts'
import { waitHealthy } from '../../src/delivery/health/wait-healthy.ts'
import { startApiServer } from '../support/api-server.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { until } from './until.ts'

const skip = missing('etcd') || (await missingKubernetes('kube-apiserver'))
const IMAGE = 'nix.internal/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-web:nix'
const LIMIT_MS = 20_000

type Parts = { readonly [key: string]: Json }

function object(kind: string, name: string, parts: Parts, metadata: Parts = {}): DesiredObject {
  const slash = kind.lastIndexOf('/')
  return {
    apiVersion: kind.slice(0, slash),
    kind: kind.slice(slash + 1),
    metadata: { name, namespace: 'default', ...metadata },
    ...parts,
  }
}

function workload(kind: string, name: string, metadata: Parts = {}): DesiredObject {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: IMAGE }] } }
  const spec = { replicas: 1, selector: { matchLabels: labels }, template }
  return object(kind, name, { spec }, { labels, ...metadata })
}

function nameOf({ apiVersion, kind, metadata }: DesiredObject): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

/** The metadata of an object that an owner made. */
function madeBy({ apiVersion, kind, metadata: { name, uid } }: LiveObject): Parts {
  return { labels: { app: 'broken' }, ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] }
}

/** As a controller writes it. */
async function report({ apiVersion, kind, metadata }: LiveObject, status: Parts, cluster: Cluster) {
  const { name, namespace } = metadata
  const written = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    status,
  }
  return cluster.apply(written, { subresource: 'status', fieldManager: 'test-controller', force: true })
}

const time = '2026-11-26T10:00:00Z'
const condition = (type: string, status: string, reason: string, message = ''): Json => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: time,
  lastUpdateTime: time,
})
const AVAILABLE = {
  observedGeneration: 1,
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  conditions: [
    condition('Available', 'True', 'MinimumReplicasAvailable'),
    condition('Progressing', 'True', 'NewReplicaSetAvailable'),
  ],
}

void t.test('health on an API server', { skip }, async (t) => {
  const server = await startApiServer(t)
  const cluster = kubernetesCluster(parseKubeconfig(server.kubeconfig))
  t.teardown(() => cluster.close())

  await t.test('a wait sees by a watch what becomes healthy, and asks little', async (t) => {
    const objects = [
      workload('apps/v1/Deployment', 'web'),
      workload('apps/v1/Deployment', 'api'),
      object('v1/ConfigMap', 'settings', {}),
    ]
    const known = await Promise.all(objects.map(async (one) => cluster.apply(one)))
    const before = (await server.requests()).length
    const heard: string[] = []
    const waited = waitHealthy(cluster, objects.map(nameOf), {
      known,
      timeoutMs: LIMIT_MS,
      onChange: ({ name }, { kind }) => heard.push(`${name} ${kind}`),
    })
    await delay(200)
    for (const one of known.filter(({ kind }) => kind === 'Deployment')) await report(one, AVAILABLE, cluster)
    const end = performance.now()
    t.same(await waited, { kind: 'healthy' })
    t.ok(performance.now() - end < 5_000, 'soon after the last status')
    t.same(heard, ['web progressing', 'api progressing', 'settings current', 'web current', 'api current'])
    // The audit log is written in its own time.
    const uris = await until(async () => {
      const after = (await server.requests()).slice(before).filter(({ uri }) => !uri.includes('/status'))
      return after.length < 2
        ? undefined
        : after.map(({ uri }) => uri.replace(/[?&](?:limit|resourceVersion|timeoutSeconds)=[^&]*/g, ''))
    })
    t.equal(uris.length, 2, uris.join(' '))
    t.match(uris.join(' '), /deployments.*deployments.*watch=true/)
  })

  await t.test('one that is deleted ends the wait, and one that failed', async (t) => {
    const gone = await cluster.apply(
      object('v1/Pod', 'gone', { spec: { containers: [{ name: 'a', image: 'a' }] } }),
    )
    const waited = waitHealthy(cluster, [nameOf(gone)], { timeoutMs: LIMIT_MS })
    await delay(200)
    await cluster.remove(nameOf(gone), { uid: gone.metadata.uid })
    t.match(await waited, {
      cause: 'failed',
      objects: [{ health: { kind: 'deleted', reason: 'was deleted' } }],
    })
    const late = await cluster.apply(workload('apps/v1/Deployment', 'late'))
    const failure = condition(
      'Progressing',
      'False',
      'ProgressDeadlineExceeded',
      'ReplicaSet "late-1" has timed out progressing.',
    )
    await report(late, { observedGeneration: 1, conditions: [failure] }, cluster)
    t.match(await waitHealthy(cluster, [nameOf(late)], { timeoutMs: LIMIT_MS }), {
      cause: 'failed',
      objects: [{ health: { kind: 'failed', reason: /late-1/ } }],
    })
  })

  await t.test('a definition becomes established, and a claim waits for a Pod', async (t) => {
    const names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' }
    const schema = { openAPIV3Schema: { type: 'object' } }
    const spec = {
      group: 'example.org',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    }
    const definition: DesiredObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.example.org' },
      spec,
    }
    const storage: DesiredObject = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    }
    const claim = object('v1/PersistentVolumeClaim', 'data', {
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        resources: { requests: { storage: '1Gi' } },
      },
    })
    const objects = [definition, storage, claim]
    for (const one of objects) await cluster.apply(one)
    t.same(await waitHealthy(cluster, objects.map(nameOf), { timeoutMs: LIMIT_MS }), { kind: 'healthy' })
  })

  await t.test('the reason is found from the Deployment to the event of its Pod', async (t) => {
    const web = await cluster.apply(workload('apps/v1/Deployment', 'broken'))
    const set = await cluster.create(workload('apps/v1/ReplicaSet', 'broken', madeBy(web)))
    const spec = { containers: [{ name: 'web', image: IMAGE }] }
    const pod = await cluster.create(object('v1/Pod', 'broken-1', { spec }, madeBy(set)))
    await report(
      pod,
      {
        phase: 'Pending',
        containerStatuses: [
          {
            name: 'web',
            image: IMAGE,
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
          },
        ],
      },
      cluster,
    )
    const {
      kind,
      metadata: { name, uid },
    } = pod
    const involvedObject = { apiVersion: 'v1', kind, name, namespace: 'default', uid }
    const event = {
      involvedObject,
      type: 'Warning',
      reason: 'Failed',
      message: 'Failed to pull image: 404',
      count: 2,
      lastTimestamp: time,
    }
    await cluster.create(object('v1/Event', 'broken-1.1', event))
    await cluster.create(
      object('v1/Event', 'broken-1.2', { ...event, type: 'Normal', reason: 'Pulling', message: 'Pulling' }),
    )
    const lines = await explainHealth(cluster, web, { buildOf: async (image) => `build of ${image} failed` })
    t.same(lines, [
      'Pod broken-1: container web: ImagePullBackOff: Back-off pulling image',
      `  build of ${IMAGE} failed`,
      'Pod broken-1: Failed (2 times): Failed to pull image: 404',
    ])
  })
})
