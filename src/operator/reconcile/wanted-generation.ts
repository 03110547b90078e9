/** Finds the objects of an earlier generation that a profile is to go back to. */
import { loadGeneration } from '../../delivery/find-drift.ts'
import { currentGeneration, type DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import type { GivenObject, SetName } from '../../delivery/set/object-set.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'

/** The objects that are to be delivered. */
export type Wanted = {
  readonly objects: readonly GivenObject[]
  readonly revision: string
  /** For the history. */
  readonly note: string | undefined
}

/**
 * Going back makes a new generation. While the spec names the same number, that new one is what is wanted: the number
 * itself may be forgotten in time.
 * @throws DeliveryError `not-found` for a generation that isn't kept.
 */
export async function wantedGeneration(
  cluster: Cluster,
  set: SetName,
  record: DeliveryRecord | undefined,
  number: number,
): Promise<Wanted> {
  const note = `rollback to ${number}`
  const current = record === undefined ? undefined : currentGeneration(record)
  const isThere = current?.note === note || current?.generation === number
  const { entry, objects } = await loadGeneration(cluster, set, isThere ? current.generation : number)
  return { objects, revision: entry.revision, note }
}
