/** Tells which objects are never deleted to be made again, whatever their annotations say. */
import { textAt } from '../../core/json-fields.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { groupKindOf } from '../set/object-name.ts'

/** Kinds that hold data, or hold objects of others. */
const NEVER = new Set([
  'CustomResourceDefinition.apiextensions.k8s.io',
  'Namespace',
  'PersistentVolume',
  'PersistentVolumeClaim',
])

/** A StatefulSet may say that its claims, and their data, are deleted with it. */
export function mayBeMadeAgain(live: LiveObject): boolean {
  return (
    !NEVER.has(groupKindOf(live)) &&
    textAt(live, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') !== 'Delete'
  )
}
