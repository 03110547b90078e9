/** The Pods of an object, found as people find them: by its selector, and by the owners that the Pods name. */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { groupOf } from '../api-group.ts'
import { labelSelector } from './label-selector.ts'

export type WorkloadPods = {
  readonly pods: readonly LiveObject[]
  /** The newest ReplicaSet of a Deployment, which is refused where a Pod is. */
  readonly replicaSet?: LiveObject
}

const POD = { apiVersion: 'v1', kind: 'Pod' }
const REPLICA_SET = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }
const REVISION = 'deployment.kubernetes.io/revision'
const OWNERS = new Set(['apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job'])

/** Makes two requests for a Deployment, one for another owner of Pods, and none for other objects. */
export async function workloadPods(
  cluster: Cluster,
  object: LiveObject,
  signal?: AbortSignal,
): Promise<WorkloadPods> {
  const kind = `${groupOf(object.apiVersion)}/${object.kind}`
  if (kind === '/Pod') return { pods: [object] }
  const selector = labelSelector(fieldAt(object, 'spec', 'selector'))
  if (selector === undefined || !(OWNERS.has(kind) || kind === 'apps/Deployment')) return { pods: [] }
  const listing = { namespace: object.metadata.namespace, labelSelector: selector, signal }
  if (kind !== 'apps/Deployment') {
    const { items } = await cluster.list(POD, listing)
    return { pods: items.filter((pod) => isOwnedBy(pod, object)) }
  }
  const [sets, pods] = await Promise.all([cluster.list(REPLICA_SET, listing), cluster.list(POD, listing)])
  const [newest] = sets.items
    .filter((set) => isOwnedBy(set, object))
    .toSorted((a, b) => revisionOf(b) - revisionOf(a))
  if (newest === undefined) return { pods: [] }
  return { pods: pods.items.filter((pod) => isOwnedBy(pod, newest)), replicaSet: newest }
}

function isOwnedBy(object: LiveObject, owner: LiveObject): boolean {
  return listAt(object.metadata, 'ownerReferences').some(
    (reference) => textAt(reference, 'uid') === owner.metadata.uid,
  )
}

function revisionOf(set: LiveObject): number {
  return Number(textAt(set.metadata, 'annotations', REVISION) ?? 0)
}
