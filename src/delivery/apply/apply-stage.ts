/** Applies the objects of a stage, kinds that others need before those others. */
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { DeliveryError } from '../delivery-error.ts'
import type { OnDeliveryEvent } from '../delivery-event.ts'
import type { Check, CheckedObject } from '../plan/check-object.ts'
import { rankOf, type Stage } from '../plan/stages.ts'
import { displayName } from '../set/object-name.ts'
import type { SetObject } from '../set/object-set.ts'
import { applyObject } from './apply-object.ts'

/**
 * @param checked what was found about each object. @returns the objects as the cluster has them now.
 * @throws DeliveryError `refused` with a problem for each object that is refused, KubernetesError where the cluster doesn't
 *   answer.
 */
export async function applyStage(
  cluster: Cluster,
  { objects }: Stage,
  {
    checked,
    check,
    onEvent,
  }: {
    readonly checked: ReadonlyMap<SetObject, CheckedObject>
    readonly check: Check
    readonly onEvent: OnDeliveryEvent
  },
): Promise<ReadonlyMap<SetObject, LiveObject>> {
  const applied = new Map<SetObject, LiveObject>()
  // A refusal of one object is no reason not to try the others. A server that doesn't answer is.
  const stop = new AbortController()
  const signal = check.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, check.signal])
  const apply = async (object: SetObject): Promise<void> => {
    const found = checked.get(object) ?? { object, change: { kind: 'create' } }
    const { outcome, live, notes } = await applyObject(cluster, found, { ...check, signal }).catch(
      (error: unknown) => {
        if (!(error instanceof DeliveryError)) stop.abort(error)
        throw error
      },
    )
    applied.set(object, live)
    onEvent({ kind: 'object', name: object.name, outcome })
    for (const note of notes) onEvent({ kind: 'note', message: `${displayName(object.name)}: ${note}` })
  }
  for (const group of Map.groupBy(objects, ({ name }) => rankOf(name)).values()) {
    const results = await Promise.allSettled(group.map(apply))
    const reasons = results.flatMap((result): unknown[] =>
      result.status === 'rejected' ? [result.reason] : [],
    )
    if (reasons.length > 0) throw joinFailures(reasons)
    signal.throwIfAborted()
  }
  return applied
}

/** All refusals as one. A server that doesn't answer is more than any of them. */
function joinFailures(reasons: readonly unknown[]): unknown {
  const refusals = reasons.filter((reason) => reason instanceof DeliveryError)
  if (refusals.length < reasons.length) return reasons.find((reason) => !(reason instanceof DeliveryError))
  const problems = refusals.flatMap((refusal) => refusal.problems)
  return new DeliveryError('refused', 'the cluster refuses objects', { problems })
}
