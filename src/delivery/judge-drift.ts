/** Decides which drift is corrected: differences that come back after each correction are reported, and not fought. */
import type { Difference } from './drift/differences.ts'
import type { EndlessDifference, EndlessDifferences } from './drift/endless-difference.ts'
import type { ForeignField } from './drift/foreign-fields.ts'
import type { IgnoreRule } from './drift/ignore-rules.ts'
import { driftIn, type Drift } from './find-drift.ts'
import { groupOf } from './api-group.ts'
import type { DeliveryPlan } from './plan/plan-delivery.ts'
import type { ObjectName } from '../kubernetes/client/cluster.ts'

export type JudgedDrift = {
  readonly drift: readonly Drift[]
  /** Whether anything of it is to be corrected. */
  readonly isFought: boolean
  /** Differences that come back after each correction. */
  readonly endless: readonly { readonly name: ObjectName; readonly difference: EndlessDifference }[]
  /** Leaves these differences alone in a correction of the others. */
  readonly ignore: readonly IgnoreRule[]
}

export function judgeDrift(plan: DeliveryPlan, endless: EndlessDifferences): JudgedDrift {
  const drift = driftIn(plan)
  const found: { readonly name: ObjectName; readonly difference: EndlessDifference }[] = []
  const ignore: IgnoreRule[] = []
  let isFought = false
  for (const { object, change } of plan.checked.values()) {
    switch (change.kind) {
      case 'change': {
        const { live, differences, foreign } = change
        const judged = endless.judge(live.metadata.uid, live, [...differences, ...foreign.map(asDifference)])
        if (judged.fought.length > 0) isFought = true
        if (judged.endless.length === 0) break
        found.push(...judged.endless.map((difference) => ({ name: object.name, difference })))
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
  return { drift, isFought, endless: found, ignore }
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
