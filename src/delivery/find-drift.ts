/**
 * Finds what differs between a cluster and the generation that was delivered to it. The objects of the generation are in the
 * cluster, so neither a store nor the machine that delivered is needed.
 */
import type { Cluster, LiveObject, ObjectName } from '../kubernetes/client/cluster.ts'
import { DeliveryError } from './delivery-error.ts'
import type { Difference } from './drift/differences.ts'
import type { ForeignField } from './drift/foreign-fields.ts'
import { loadSnapshot } from './generations/snapshot-store.ts'
import { currentGeneration, type GenerationEntry } from './inventory/delivery-record.ts'
import { loadRecord } from './inventory/record-store.ts'
import type { Change, CheckedObject } from './plan/check-object.ts'
import type { DeliveryPlan, PlanRequest } from './plan/plan-delivery.ts'
import type { GivenObject, SetName } from './set/object-set.ts'

/** An object that isn't what the set says. */
export type Drift = {
  readonly name: ObjectName
  readonly kind: 'missing' | 'changed' | 'unknown'
  /** The object as the cluster has it, where it is there and was compared. */
  readonly live: LiveObject | undefined
  /** The reason why it is unknown, or missing. */
  readonly reason: string | undefined
  readonly differences: readonly Difference[]
  readonly foreign: readonly ForeignField[]
}

/** A generation as it is kept in the cluster. */
export type KeptGeneration = { readonly entry: GenerationEntry; readonly objects: readonly GivenObject[] }

/**
 * Loads a generation of a set. @param generation the newest by default.
 * @throws DeliveryError `not-found` for a set or a generation that isn't kept.
 */
export async function loadGeneration(
  cluster: Cluster,
  name: SetName,
  generation?: number,
): Promise<KeptGeneration> {
  const set = `${name.namespace}/${name.name}`
  const stored = await loadRecord(cluster, name)
  const history = stored?.record.history ?? []
  if (stored === undefined || history.length === 0)
    throw new DeliveryError('not-found', `no set ${set} was delivered to this cluster`)
  const entry =
    generation === undefined
      ? currentGeneration(stored.record)
      : history.find((one) => one.generation === generation)
  if (entry === undefined) {
    const kept = history.map((one) => one.generation).join(', ')
    throw new DeliveryError('not-found', `${set} has no generation ${generation}, only ${kept}`)
  }
  return { entry, objects: await loadSnapshot(cluster, name, entry) }
}

/** Returns the request of a delivery that changes the cluster to what a generation says. Nothing is pruned by it. */
export function correctionOf(
  name: SetName,
  { entry, objects }: KeptGeneration,
  { ignore, only, signal }: Pick<PlanRequest, 'ignore' | 'only' | 'signal'>,
): PlanRequest {
  return {
    name,
    revision: entry.revision,
    objects,
    namespace: name.namespace,
    ignore,
    isPruning: false,
    confirmed: new Set(),
    isAdopting: false,
    mayBeEmpty: true,
    mayShrink: true,
    only,
    signal,
  }
}

/** The objects of a plan that aren't what the set says. An owner of fields that is missing is no drift. */
export function driftIn({ checked }: DeliveryPlan): readonly Drift[] {
  return [...checked.values()].flatMap(driftOf)
}

function driftOf({ object: { name }, change }: CheckedObject): readonly Drift[] {
  const nothing = { name, live: undefined, reason: undefined, differences: [], foreign: [] }
  switch (change.kind) {
    case 'unchanged':
    case 'own':
      return []
    case 'create':
      return [{ ...nothing, kind: 'missing' }]
    case 'change':
      return [
        {
          ...nothing,
          kind: 'changed',
          live: change.live,
          differences: change.differences,
          foreign: change.foreign,
        },
      ]
    case 'recreate':
    case 'later':
    case 'owned':
    case 'refused':
      return [
        { ...nothing, kind: change.kind === 'recreate' ? 'changed' : 'unknown', reason: reasonOf(change) },
      ]
  }
}

function reasonOf(
  change: Extract<Change, { readonly kind: 'recreate' | 'later' | 'owned' | 'refused' }>,
): string {
  switch (change.kind) {
    case 'recreate':
    case 'later':
      return change.reason
    case 'owned':
      return `it belongs to the set ${change.owner}`
    case 'refused':
      return change.problem.message
  }
}
