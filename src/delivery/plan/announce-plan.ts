/** Reports a plan before it is carried out, and refuses one that can't be. */
import { DeliveryError } from '../delivery-error.ts'
import type { OnDeliveryEvent } from '../delivery-event.ts'
import { describePrune, type DeliveryPlan } from './plan-delivery.ts'
import { stageOf } from './stages.ts'

export function reportPlan({ checked, prunes }: DeliveryPlan, onEvent: OnDeliveryEvent): void {
  onEvent({
    kind: 'planned',
    objects: [...checked.values()].map(({ object, change }) => ({
      name: object.name,
      stage: stageOf(object),
      change: change.kind,
    })),
    deletions: prunes.filter(({ kind }) => kind === 'delete').length,
  })
  for (const prune of prunes)
    if (prune.kind === 'release' || prune.kind === 'protected')
      onEvent({ kind: 'note', message: describePrune(prune) })
}

/** @throws DeliveryError `refused` or `owned`, with all problems. */
export function assertNoProblems({ problems, checked }: DeliveryPlan): void {
  if (problems.length === 0) return
  const isOwned = [...checked.values()].every(({ change }) => change.kind !== 'refused')
  throw new DeliveryError(
    isOwned ? 'owned' : 'refused',
    isOwned
      ? 'objects belong to other sets, and nothing was changed'
      : 'the cluster refuses objects, and nothing was changed',
    { problems },
  )
}
