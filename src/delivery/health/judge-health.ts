/**
 * Judges the health of an object by what is in it, with kstatus' rules. It differs from them where waiting needs more:
 * a Job must complete, a Service of type LoadBalancer must have an address, an APIService must be available, and a
 * paused Deployment is not waited for.
 */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { groupOf } from '../api-group.ts'
import { conditionOf, conditionText, conditionsOf, numberAt, type Condition } from './conditions.ts'
import { current, failed, progressing, type Health } from './health.ts'
import { podHealth } from './pod-health.ts'
import {
  daemonSetHealth,
  deploymentHealth,
  jobHealth,
  replicaSetHealth,
  statefulSetHealth,
} from './workload-health.ts'

export type HealthFacts = {
  /** Milliseconds since the epoch. */
  readonly now?: number
  /** Whether a claim's volume is only made for a Pod that mounts it (StorageClass, `WaitForFirstConsumer`). */
  readonly waitsForPod?: boolean
}

type Facts = Required<HealthFacts>
type Rule = (object: LiveObject, facts: Facts) => Health

const RULES: Readonly<Record<string, Rule>> = {
  '/ConfigMap': () => current('there'),
  '/Secret': () => current('there'),
  '/Namespace': namespaceHealth,
  '/PersistentVolume': volumeHealth,
  '/PersistentVolumeClaim': claimHealth,
  '/Pod': (object, { now }) => podHealth(object, now),
  '/Service': serviceHealth,
  'apps/DaemonSet': daemonSetHealth,
  'apps/Deployment': deploymentHealth,
  'apps/ReplicaSet': replicaSetHealth,
  'apps/StatefulSet': statefulSetHealth,
  'apiextensions.k8s.io/CustomResourceDefinition': definitionHealth,
  'apiregistration.k8s.io/APIService': serverHealth,
  'autoscaling/HorizontalPodAutoscaler': scalerHealth,
  'batch/CronJob': () => current('there'),
  'batch/Job': jobHealth,
  'policy/PodDisruptionBudget': () => current('its disruptions are computed'),
}

/** Judges a live object. A rule for its kind decides, else its conditions; one without any is current. */
export function judgeHealth(
  object: LiveObject,
  { now = Date.now(), waitsForPod = false }: HealthFacts = {},
): Health {
  if (textAt(object.metadata, 'deletionTimestamp') !== undefined)
    return { kind: 'terminating', reason: terminationText(object) }
  const generation = numberAt(object, 0, 'metadata', 'generation')
  const observed = fieldAt(object, 'status', 'observedGeneration')
  if (typeof observed === 'number' && observed !== generation)
    return progressing(`generation ${generation} is not seen by its controller yet, only ${observed}`)
  const conditions = conditionsOf(object)
  const isTrue = (type: string) => conditions.find((one) => one.type === type && one.status === 'True')
  const reconciling = isTrue('Reconciling')
  if (reconciling !== undefined) return progressing(conditionText(reconciling))
  const stalled = isTrue('Stalled')
  if (stalled !== undefined) return failed(conditionText(stalled))
  const rule = RULES[`${groupOf(object.apiVersion)}/${object.kind}`]
  return rule === undefined ? byConditions(conditions, generation) : rule(object, { now, waitsForPod })
}

/** The convention of most controllers: `Ready` says all, and `Available` where there is no `Ready`. */
function byConditions(conditions: readonly Condition[], generation: number): Health {
  const found = ['Ready', 'Available'].flatMap((type) => conditions.find((one) => one.type === type) ?? [])[0]
  if (found === undefined) return current('there')
  if (found.observedGeneration !== undefined && found.observedGeneration < generation)
    return progressing(`${found.type} is about generation ${found.observedGeneration}, not ${generation}`)
  return found.status === 'True' ? current(found.type.toLowerCase()) : progressing(conditionText(found))
}

function terminationText(object: LiveObject): string {
  const finalizers = listAt(object.metadata, 'finalizers').filter((one) => typeof one === 'string')
  return finalizers.length === 0 ? 'is deleted' : `is deleted, waits for ${finalizers.join(', ')}`
}

function namespaceHealth(object: LiveObject): Health {
  return textAt(object, 'status', 'phase') === 'Terminating'
    ? { kind: 'terminating', reason: 'is deleted' }
    : current('there')
}

function volumeHealth(object: LiveObject): Health {
  const phase = textAt(object, 'status', 'phase') ?? 'Pending'
  if (phase === 'Failed') return failed(['failed', textAt(object, 'status', 'message') ?? ''].join(': '))
  return phase === 'Pending' ? progressing('pending') : current(phase.toLowerCase())
}

function claimHealth(object: LiveObject, { waitsForPod }: Facts): Health {
  const phase = textAt(object, 'status', 'phase') ?? 'Pending'
  if (phase === 'Bound') return current('bound')
  // The scheduler writes the node as soon as a Pod mounts the claim.
  const isMounted =
    fieldAt(object.metadata, 'annotations', 'volume.kubernetes.io/selected-node') !== undefined
  if (phase === 'Pending' && waitsForPod && !isMounted)
    return current('waits for the first Pod that mounts it')
  return phase === 'Lost' ? failed('its volume is lost') : progressing(`not bound: ${phase.toLowerCase()}`)
}

function serviceHealth(object: LiveObject): Health {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return current('there')
  if ((textAt(object, 'spec', 'clusterIP') ?? '') === '') return progressing('no cluster address yet')
  return listAt(object, 'status', 'loadBalancer', 'ingress').length === 0
    ? progressing('no address of a load balancer yet')
    : current('has an address')
}

function definitionHealth(object: LiveObject): Health {
  const names = conditionOf(object, 'NamesAccepted')
  if (names?.status === 'False') return failed(conditionText(names))
  const established = conditionOf(object, 'Established')
  if (established?.status === 'True') return current('established')
  return established?.status === 'False' && established.reason !== 'Installing'
    ? failed(conditionText(established))
    : progressing('not established yet')
}

function serverHealth(object: LiveObject): Health {
  const available = conditionOf(object, 'Available')
  if (available?.status === 'True') return current('available')
  return progressing(available === undefined ? 'not asked yet' : conditionText(available))
}

/** Missing metrics are no fault of the set. A target that isn't there is. */
function scalerHealth(object: LiveObject): Health {
  const able = conditionOf(object, 'AbleToScale')
  return able?.status === 'False' && able.reason === 'FailedGetScale'
    ? progressing(conditionText(able))
    : current('there')
}
