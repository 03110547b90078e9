/** Shows what a delivery would change, object by object and field by field. Values of Secrets are never shown. */
import type { Difference } from '../../delivery/drift/differences.ts'
import type { ForeignField } from '../../delivery/drift/foreign-fields.ts'
import { printableValue } from '../../delivery/drift/redact.ts'
import type { CheckedObject } from '../../delivery/plan/check-object.ts'
import { describePrune, type DeliveryPlan } from '../../delivery/plan/plan-delivery.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import type { ObjectName } from '../../kubernetes/client/cluster.ts'

/** `+` is created, `~` is changed, `-` is deleted. */
export function describePlan({ stages, checked, prunes }: DeliveryPlan): readonly string[] {
  const objects = stages.flatMap((stage) => stage.objects)
  return [
    ...objects.flatMap((object) => {
      const one = checked.get(object)
      return one === undefined ? [] : describeChecked(one)
    }),
    ...prunes.flatMap((prune) => {
      if (prune.kind === 'absent') return []
      return [`${prune.kind === 'delete' ? '-' : '='} ${describePrune(prune)}`]
    }),
  ]
}

function describeChecked({ object, change }: CheckedObject): readonly string[] {
  const name = displayName(object.name)
  switch (change.kind) {
    case 'unchanged':
    case 'refused':
    case 'owned':
      return []
    case 'create':
      return [`+ ${name}`]
    case 'later':
      return [`+ ${name}: ${change.reason}`]
    case 'own':
      return [`~ ${name}: its values stay, and the set becomes the owner of its fields`]
    case 'recreate':
      return [`± ${name}: is deleted and made again: ${change.reason}`]
    case 'change':
      return [`~ ${name}`, ...describeFields(object.name, change)]
  }
}

/** The fields of one object that differ, a line each. */
export function describeFields(
  name: ObjectName,
  {
    differences,
    foreign,
  }: { readonly differences: readonly Difference[]; readonly foreign: readonly ForeignField[] },
): readonly string[] {
  return [
    ...differences.map(({ readable, steps, live, desired }) => {
      const [before, after] = [live, desired].map(
        (value) => printableValue(name.kind, steps, value) || 'none',
      )
      return `    ${readable}: ${before} → ${after}`
    }),
    ...foreign.map(({ readable, steps, live, manager }) => {
      const value = printableValue(name.kind, steps, live)
      return `    ${readable}: ${value} was added by ${manager}, and goes`
    }),
  ]
}
