/** Prints what a delivery would change. */
import { DeliveryError } from '../../delivery/delivery-error.ts'
import type { DeliveryPlan } from '../../delivery/plan/plan-delivery.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { printableValue } from '../../delivery/drift/redact.ts'
import { countOf, print } from '../insight/output.ts'
import { describePlan } from './describe-change.ts'

/** @returns 0. @throws DeliveryError `refused` for a plan that can't be carried out, after it is printed. */
export function printPlan(plan: DeliveryPlan, { json }: { readonly json: boolean }): number {
  const { checked, prunes, problems, set } = plan
  const changes = [...checked.values()].filter(({ change }) => change.kind !== 'unchanged')
  print(json, planData(plan), () => {
    const lines = describePlan(plan)
    const deletions = prunes.filter(({ kind }) => kind === 'delete').length
    const count = `${countOf(set.objects.length, 'object')}: ${changes.length} to change, ${deletions} to delete`
    return [...lines, `${count}; nothing was changed`]
  })
  if (problems.length > 0) throw new DeliveryError('refused', 'this can’t be delivered', { problems })
  return 0
}

export function planData({ set, checked, prunes, problems }: DeliveryPlan): object {
  return {
    set: `${set.name.namespace}/${set.name.name}`,
    revision: set.revision,
    objects: [...checked.values()].map(({ object: { name }, change }) => ({
      ...name,
      change: change.kind,
      ...('reason' in change ? { reason: change.reason } : {}),
      ...(change.kind === 'change'
        ? {
            fields: change.differences.map(({ path, readable, steps, kind, live, desired }) => ({
              path,
              readable,
              kind,
              live: printableValue(name.kind, steps, live),
              desired: printableValue(name.kind, steps, desired),
            })),
            added: change.foreign.map(({ path, readable, manager }) => ({ path, readable, manager })),
          }
        : {}),
    })),
    leaving: prunes.map((prune) => ({
      object: displayName(prune.entry),
      decision: prune.kind,
      ...('reason' in prune ? { reason: prune.reason } : {}),
    })),
    problems,
  }
}
