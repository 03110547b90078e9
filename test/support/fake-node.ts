/**
 * Stands in for a node and its kubelet: Pods that are scheduled to it become ready at once, and end when they are removed.
 * So Deployments, StatefulSets and Jobs get healthy on a control plane without containers.
 */
import { fieldAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { Cluster, LiveObject } from '../../src/kubernetes/client/cluster.ts'
import { Informer } from '../../src/kubernetes/client/informer.ts'
import { parseKubeconfig } from '../../src/kubernetes/client/kubeconfig.ts'
import { kubernetesCluster } from '../../src/kubernetes/client/kubernetes-cluster.ts'
import { KubernetesError } from '../../src/kubernetes/client/kubernetes-error.ts'
import { kubernetesClient, type KubernetesClient } from './kubernetes-client.ts'
import type { Scope } from './scope.ts'

export type FakeNodeOptions = {
  readonly name?: string
  /** Decides what becomes of a Pod. Default: `ready`, and `succeeded` for one that isn't restarted. */
  readonly outcome?: (pod: LiveObject) => PodOutcome
}

type PodOutcome = 'ready' | 'succeeded' | 'failed' | 'pending'

const MANAGER = 'fake-kubelet'
const RESOURCES = { cpu: '64', memory: '256Gi', pods: '1000', 'ephemeral-storage': '1Ti' }

/** Makes the node and runs its Pods until the scope ends. */
export async function startFakeNode(
  scope: Scope,
  kubeconfig: string,
  { name = 'fake', outcome = usualOutcome }: FakeNodeOptions = {},
): Promise<void> {
  const cluster = kubernetesCluster(parseKubeconfig(kubeconfig))
  const client = kubernetesClient(scope, kubeconfig)
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } }
  await cluster.apply(node, { fieldManager: MANAGER })
  await cluster.apply(
    {
      ...node,
      status: {
        capacity: RESOURCES,
        allocatable: RESOURCES,
        conditions: [condition('Ready', 'KubeletReady')],
      },
    },
    { fieldManager: MANAGER, subresource: 'status', force: true },
  )
  // A new node has a taint until a controller sees that it is ready; there may be none.
  await cluster.patch({ apiVersion: 'v1', kind: 'Node', namespace: undefined, name }, [
    { op: 'add', path: '/spec/taints', value: [] },
  ])
  const end = new AbortController()
  const pending = new Set<Promise<void>>()
  const informer = new Informer(
    cluster,
    { apiVersion: 'v1', kind: 'Pod' },
    {
      fieldSelector: `spec.nodeName=${name}`,
      onEvent: ({ kind, object }) => {
        if (kind === 'deleted') return
        const run = runPod(cluster, client, object, outcome(object)).finally(() => pending.delete(run))
        pending.add(run)
      },
    },
  )
  const running = informer.run(end.signal)
  await informer.synced
  scope.teardown(async () => {
    end.abort()
    await running
    await Promise.allSettled(pending)
    cluster.close()
  })
}

/**
 * Sets the status of a Pod as a kubelet does once it is ready, and that of a Deployment, StatefulSet or DaemonSet as its
 * controller does once all its Pods are available. For clusters without either.
 */
export async function makeAvailable(cluster: Cluster, object: LiveObject): Promise<LiveObject> {
  const { apiVersion, kind, metadata } = object
  const { name, namespace } = metadata
  return cluster.apply(
    {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      status: kind === 'Pod' ? podStatus('ready') : workloadStatus(object),
    },
    { fieldManager: MANAGER, subresource: 'status', force: true },
  )
}

function workloadStatus(workload: LiveObject): Json {
  const observedGeneration = workload.metadata['generation'] ?? 1
  const replicas = fieldAt(workload, 'spec', 'replicas') ?? 1
  const counts = {
    replicas,
    readyReplicas: replicas,
    updatedReplicas: replicas,
    availableReplicas: replicas,
  }
  switch (workload.kind) {
    case 'DaemonSet':
      return {
        observedGeneration,
        currentNumberScheduled: 1,
        desiredNumberScheduled: 1,
        numberAvailable: 1,
        numberReady: 1,
        updatedNumberScheduled: 1,
        numberMisscheduled: 0,
      }
    case 'Deployment':
      return {
        observedGeneration,
        ...counts,
        conditions: [
          condition('Available', 'MinimumReplicasAvailable'),
          condition('Progressing', 'NewReplicaSetAvailable'),
        ],
      }
  }
  return { observedGeneration, ...counts }
}

async function runPod(
  cluster: Cluster,
  client: KubernetesClient,
  pod: LiveObject,
  outcome: PodOutcome,
): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  try {
    if (pod.metadata['deletionTimestamp'] !== undefined)
      await client.remove(`/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`)
    else if (outcome !== 'pending' && textAt(pod, 'status', 'phase') === 'Pending')
      await cluster.apply(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, uid, ...(namespace === undefined ? {} : { namespace }) },
          status: podStatus(outcome),
        },
        { fieldManager: MANAGER, subresource: 'status', force: true },
      )
  } catch (error) {
    // The Pod, or the server, went away meanwhile; the next event tries again.
    if (!(error instanceof KubernetesError)) throw error
  }
}

function podStatus(outcome: Exclude<PodOutcome, 'pending'>): Json {
  const startTime = new Date().toISOString().replace(/\.\d+/, '')
  switch (outcome) {
    case 'ready':
      return {
        phase: 'Running',
        startTime,
        conditions: [condition('Ready', 'PodReady'), condition('ContainersReady', 'PodReady')],
      }
    case 'succeeded':
      return { phase: 'Succeeded', startTime }
    case 'failed':
      return { phase: 'Failed', startTime, reason: 'Error', message: 'the fake node lets it fail' }
  }
}

function usualOutcome(pod: LiveObject): PodOutcome {
  return fieldAt(pod, 'spec', 'restartPolicy') === 'Always' ? 'ready' : 'succeeded'
}

function condition(type: string, reason: string): Json {
  const now = new Date().toISOString().replace(/\.\d+/, '')
  return { type, status: 'True', reason, message: '', lastTransitionTime: now }
}
