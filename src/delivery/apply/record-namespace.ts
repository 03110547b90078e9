/** Makes the namespace of a set's record, where that namespace is an object of the set itself. */
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import type { DeliveryPlan } from '../plan/plan-delivery.ts'
import { loadRecord } from '../inventory/record-store.ts'
import { groupKindOf } from '../set/object-name.ts'
import { applyObject } from './apply-object.ts'

/** @returns the plan, with the record as it is in that namespace. @throws as `applyObject` does. */
export async function withRecordNamespace(cluster: Cluster, plan: DeliveryPlan): Promise<DeliveryPlan> {
  const { name } = plan.set
  const found = [...plan.checked.values()].find(
    ({ object }) => groupKindOf(object.name) === 'Namespace' && object.name.name === name.namespace,
  )
  if (found === undefined || (found.change.kind !== 'create' && found.change.kind !== 'later')) return plan
  await applyObject(cluster, found, plan.check)
  return { ...plan, stored: await loadRecord(cluster, name) }
}
