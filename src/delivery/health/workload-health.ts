/** The health of what runs Pods, by the counts in its status. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { conditionOf, numberAt } from './conditions.ts'
import { current, failed, progressing, type Health } from './health.ts'

/** Kubernetes' own number for a Deployment without a deadline, whose controller then writes no condition. */
const NO_DEADLINE = 2 ** 31 - 1

export function deploymentHealth(object: LiveObject): Health {
  const progress = conditionOf(object, 'Progressing')
  if (progress?.reason === 'ProgressDeadlineExceeded')
    return failed(`progress deadline exceeded: ${progress.message}`)
  // Nothing goes on until a person lets it.
  if (fieldAt(object, 'spec', 'paused') === true) return current('its roll-out is paused')
  const wanted = numberAt(object, 1, 'spec', 'replicas')
  const count = (name: string) => numberAt(object, 0, 'status', name)
  const updated = count('updatedReplicas')
  const isSettled =
    numberAt(object, NO_DEADLINE, 'spec', 'progressDeadlineSeconds') === NO_DEADLINE ||
    (progress?.status === 'True' && progress.reason === 'NewReplicaSetAvailable')
  return (
    fewer('made', count('replicas'), wanted) ??
    fewer('updated', updated, wanted) ??
    surplus(count('replicas'), wanted) ??
    fewer('available', count('availableReplicas'), updated) ??
    fewer('ready', count('readyReplicas'), wanted) ??
    (isSettled ? undefined : progressing('the new ReplicaSet is not available yet')) ??
    (conditionOf(object, 'Available')?.status === 'True' ? undefined : progressing('not available yet')) ??
    current(`${wanted} available`)
  )
}

/** A StatefulSet never fails: its controller writes no condition. */
export function statefulSetHealth(object: LiveObject): Health {
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    return current('its Pods are updated when they are deleted by hand')
  const wanted = numberAt(object, 1, 'spec', 'replicas')
  const count = (name: string) => numberAt(object, 0, 'status', name)
  const incomplete =
    fewer('made', count('replicas'), wanted) ??
    fewer('ready', count('readyReplicas'), wanted) ??
    surplus(count('replicas'), wanted)
  if (incomplete !== undefined) return incomplete
  const partition = numberAt(object, 0, 'spec', 'updateStrategy', 'rollingUpdate', 'partition')
  if (partition > 0)
    return (
      fewer('updated', count('updatedReplicas'), Math.max(0, wanted - partition)) ??
      current(`${wanted} ready, updated from number ${partition} on`)
    )
  const isUpdated = textAt(object, 'status', 'currentRevision') === textAt(object, 'status', 'updateRevision')
  return (
    fewer('current', count('currentReplicas'), wanted) ??
    (isUpdated ? current(`${wanted} ready`) : progressing(`updated ${count('updatedReplicas')} of ${wanted}`))
  )
}

export function daemonSetHealth(object: LiveObject): Health {
  const wanted = numberAt(object, -1, 'status', 'desiredNumberScheduled')
  if (wanted === -1) return progressing('its nodes are not counted yet')
  const count = (name: string) => numberAt(object, 0, 'status', name)
  const isOnDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete'
  return (
    fewer('scheduled', count('currentNumberScheduled'), wanted) ??
    (isOnDelete ? undefined : fewer('updated', count('updatedNumberScheduled'), wanted)) ??
    fewer('available', count('numberAvailable'), wanted) ??
    fewer('ready', count('numberReady'), wanted) ??
    current(`${wanted} ready`)
  )
}

export function replicaSetHealth(object: LiveObject): Health {
  const failure = conditionOf(object, 'ReplicaFailure')
  if (failure?.status === 'True') return progressing(`${failure.reason}: ${failure.message}`)
  const wanted = numberAt(object, 1, 'spec', 'replicas')
  const count = (name: string) => numberAt(object, 0, 'status', name)
  return (
    fewer('labelled', count('fullyLabeledReplicas'), wanted) ??
    fewer('available', count('availableReplicas'), wanted) ??
    fewer('ready', count('readyReplicas'), wanted) ??
    surplus(count('replicas'), wanted) ??
    current(`${wanted} available`)
  )
}

/**
 * A Job is current when it has completed. kstatus takes one that runs for current; a migration that others wait for
 * must be over, and Flux decides so, too.
 */
export function jobHealth(object: LiveObject): Health {
  const failure = conditionOf(object, 'Failed') ?? conditionOf(object, 'FailureTarget')
  if (failure?.status === 'True') return failed(`failed: ${failure.reason}: ${failure.message}`)
  const succeeded = numberAt(object, 0, 'status', 'succeeded')
  if (conditionOf(object, 'Complete')?.status === 'True') return current(`completed ${succeeded}`)
  if (fieldAt(object, 'spec', 'suspend') === true) return current('suspended')
  if (textAt(object, 'status', 'startTime') === undefined) return progressing('not started yet')
  const [active, lost] = [numberAt(object, 0, 'status', 'active'), numberAt(object, 0, 'status', 'failed')]
  return progressing(`running: ${active} active, ${succeeded} succeeded, ${lost} failed`)
}

function fewer(word: string, count: number, wanted: number): Health | undefined {
  return count < wanted ? progressing(`${word} ${count} of ${wanted}`) : undefined
}

function surplus(count: number, wanted: number): Health | undefined {
  return count > wanted ? progressing(`${count - wanted} old to be ended`) : undefined
}
