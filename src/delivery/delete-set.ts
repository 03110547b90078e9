/** Deletes a set from its cluster: the objects, unless they are to stay, then its history, and the record last. */
import { randomUUID } from 'node:crypto'
import type { Cluster } from '../kubernetes/client/cluster.ts'
import { DeliveryError } from './delivery-error.ts'
import type { OnDeliveryEvent } from './delivery-event.ts'
import { watchForSuccessor } from './apply/watch-for-successor.ts'
import { removeOtherSnapshots } from './generations/snapshot-store.ts'
import { currentGeneration, type DeliveryRecord, type StoredRecord } from './inventory/delivery-record.ts'
import { deleteRecord, loadRecord, saveRecord, superseded } from './inventory/record-store.ts'
import { describePrune } from './plan/plan-delivery.ts'
import { decidePrunes, type PruneDecision } from './prune/prune-decision.ts'
import { pruneObjects } from './prune/prune.ts'
import { keyOf } from './set/object-name.ts'
import type { SetName } from './set/object-set.ts'

export type DeleteRequest = {
  readonly name: SetName
  /** Leaves the objects in the cluster, and forgets the set. */
  readonly isOrphaning: boolean
  /** Names as `displayName` has them, of protected objects that may be deleted. */
  readonly confirmed: ReadonlySet<string>
  readonly isDryRun: boolean
  /** Milliseconds that the objects of a kind may take to go. */
  readonly goneMs: number
  readonly onEvent: OnDeliveryEvent
  readonly signal?: AbortSignal | undefined
}

/**
 * A delivery of the set that is under way stops. One that begins meanwhile stops the deletion.
 * @returns messages about objects that are still there, and that the set keeps; none where the set is gone.
 * @throws DeliveryError `not-found` for a set that has no record, `owned` for the record of another cluster,
 *   `superseded`, KubernetesError.
 */
export async function deleteSet(cluster: Cluster, request: DeleteRequest): Promise<readonly string[]> {
  const { name, isOrphaning, confirmed, isDryRun, onEvent } = request
  const owner = `${name.namespace}/${name.name}`
  const stored = await loadRecord(cluster, name)
  if (stored === undefined) throw new DeliveryError('not-found', `no set ${owner} in this cluster`)
  const { record } = stored
  if (record.cluster !== (await cluster.identity()) && !isOrphaning)
    throw new DeliveryError(
      'owned',
      `the record of ${owner} was made in another cluster, so its objects may not be those of this one: --orphan forgets it`,
    )
  const decisions = isOrphaning ? [] : await decidePrunes(cluster, record.inventory, { owner, confirmed })
  for (const decision of decisions)
    // The caller gets the protected objects as the result.
    if (decision.kind !== 'absent' && (isDryRun || decision.kind === 'release'))
      onEvent({ kind: 'note', message: describePrune(decision) })
  if (isDryRun) return []
  const id = randomUUID()
  const begun = await saveRecord(cluster, { ...record, attempt: attemptOf(record, id) }, stored)
  const successor = watchForSuccessor(cluster, name, id)
  const signals = [successor.signal, ...(request.signal === undefined ? [] : [request.signal])]
  try {
    return await carryOut(cluster, decisions, begun, { ...request, signal: AbortSignal.any(signals) })
  } catch (error) {
    throw successor.signal.aborted ? superseded(name, error) : error
  } finally {
    successor.stop()
  }
}

async function carryOut(
  cluster: Cluster,
  decisions: readonly PruneDecision[],
  begun: StoredRecord,
  { name, goneMs, onEvent, signal }: DeleteRequest,
): Promise<readonly string[]> {
  const deleted = new Set<string>()
  const staying = await pruneObjects(cluster, decisions, {
    goneMs,
    onDeleted: (entry) => {
      deleted.add(keyOf(entry))
      onEvent({ kind: 'object', name: entry, outcome: 'deleted' })
    },
    signal,
  })
  for (const { entry } of staying) deleted.delete(keyOf(entry))
  const left = decisions.filter((decision) => remains(decision, deleted))
  if (left.length > 0) {
    const inventory = left.map(({ entry }) => entry)
    await saveRecord(cluster, { ...begun.record, inventory, attempt: undefined }, begun)
    const protectedOnes = left.filter(({ kind }) => kind === 'protected').map(describePrune)
    return [...staying.map(({ message }) => message), ...protectedOnes]
  }
  // The record goes with its namespace.
  const home = { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: name.namespace }
  if (deleted.has(keyOf(home))) return []
  // Fails where another delivery has begun, whose objects must not lose their record.
  const empty = await saveRecord(cluster, { ...begun.record, inventory: [] }, begun)
  await removeOtherSnapshots(cluster, name, [])
  await deleteRecord(cluster, empty)
  return []
}

function attemptOf(record: DeliveryRecord, id: string) {
  const current = currentGeneration(record)
  const startedAt = new Date().toISOString()
  return {
    id,
    generation: current?.generation ?? 0,
    revision: current?.revision ?? '',
    startedAt,
    by: 'delete',
  }
}

function remains({ kind, entry }: PruneDecision, deleted: ReadonlySet<string>): boolean {
  return kind === 'protected' || (kind === 'delete' && !deleted.has(keyOf(entry)))
}
