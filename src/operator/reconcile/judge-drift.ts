/** Decides which drift is corrected: differences that come back after each correction are reported, and not fought. */
import type { Difference } from '../../delivery/drift/differences.ts'
import type { EndlessDifference, EndlessDifferences } from '../../delivery/drift/endless-difference.ts'
import type { ForeignField } from '../../delivery/drift/foreign-fields.ts'
import type { IgnoreRule } from '../../delivery/drift/ignore-rules.ts'
import { driftIn, type Drift } from '../../delivery/find-drift.ts'
import { groupOf } from '../../delivery/api-group.ts'
import type { DeliveryPlan } from '../../delivery/plan/plan-delivery.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import type { ObjectName } from '../../kubernetes/client/cluster.ts'

export type JudgedDrift = {
  readonly drift: readonly Drift[]
  /** Whether anything of it is to be corrected. */
  readonly isFought: boolean
  /** Messages about differences that come back. */
  readonly endless: readonly string[]
  /** Leaves these differences alone in a correction of the others. */
  readonly ignore: readonly IgnoreRule[]
}

export function judgeDrift(plan: DeliveryPlan, endless: EndlessDifferences): JudgedDrift {
  const drift = driftIn(plan)
  const messages: string[] = []
  const ignore: IgnoreRule[] = []
  let isFought = false
  for (const { object, change } of plan.checked.values()) {
    switch (change.kind) {
      case 'change': {
        const { live, differences, foreign } = change
        const judged = endless.judge(live.metadata.uid, live, [...differences, ...foreign.map(asDifference)])
        if (judged.fought.length > 0) isFought = true
        if (judged.endless.length === 0) break
        messages.push(...judged.endless.map((one) => describeEndless(object.name, one)))
        ignore.push(ruleOf(object.name, judged.endless))
        break
      }
      case 'unchanged':
      case 'own':
        endless.judge(change.live.metadata.uid, change.live, [])
        if (change.kind === 'own') isFought = true
        break
      case 'create':
      case 'recreate':
        isFought = true
        break
      case 'later':
      case 'owned':
      case 'refused':
    }
  }
  return { drift, isFought, endless: messages, ignore }
}

function describeEndless(name: ObjectName, { readable, writer }: EndlessDifference): string {
  return `${displayName(name)}: ${readable} comes back after each correction, written by ${writer}: remove it from the manifest, or name it in spec.ignore`
}

function ruleOf(
  { apiVersion, kind, namespace, name }: ObjectName,
  endless: readonly EndlessDifference[],
): IgnoreRule {
  return {
    target: { group: groupOf(apiVersion), kind, name, ...(namespace === undefined ? {} : { namespace }) },
    paths: endless.map(({ readable }) => readable),
  }
}

function asDifference({ path, readable, steps, live }: ForeignField): Difference {
  return { path, readable, steps, kind: 'removed', live, desired: undefined }
}
