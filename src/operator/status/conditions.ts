/**
 * Conditions of the operator's kinds, with the meaning that kstatus gives them. Ready, Built and Drifted are always there.
 * Reconciling and Stalled are there only while they are true, so that tools which know no others judge rightly.
 */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'

export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled' | 'Built' | 'Drifted'

export type Condition = {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  /** In CamelCase, for programs. */
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  /** RFC 3339, in seconds as Kubernetes writes it. */
  readonly lastTransitionTime: string
}

export type NewCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

const TYPES: readonly ConditionType[] = ['Ready', 'Reconciling', 'Stalled', 'Built', 'Drifted']
/** Kubernetes allows 32 KiB (meta/v1, Condition.message); people read the first lines. */
const MAX_MESSAGE = 1024
const ABNORMAL = new Set<ConditionType>(['Reconciling', 'Stalled'])

export function readConditions(status: Json | undefined): readonly Condition[] {
  return listAt(status, 'conditions').flatMap((one) => {
    const type = TYPES.find((known) => known === textAt(one, 'type'))
    const state = (['True', 'False', 'Unknown'] as const).find((known) => known === textAt(one, 'status'))
    const generation = fieldAt(one, 'observedGeneration')
    if (type === undefined || state === undefined) return []
    return [
      {
        type,
        status: state,
        reason: textAt(one, 'reason') ?? '',
        message: textAt(one, 'message') ?? '',
        observedGeneration: typeof generation === 'number' ? generation : 0,
        lastTransitionTime: textAt(one, 'lastTransitionTime') ?? '',
      },
    ]
  })
}

/** Returns the conditions with others in their place. The time changes only where the status does. */
export function withConditions(
  before: readonly Condition[],
  next: readonly NewCondition[],
  { generation, now }: { readonly generation: number; readonly now: number },
): readonly Condition[] {
  const conditions = new Map(before.map((one) => [one.type, one]))
  for (const { type, status, reason, message } of next) {
    const old = conditions.get(type)
    if (ABNORMAL.has(type) && status !== 'True') {
      conditions.delete(type)
      continue
    }
    conditions.set(type, {
      type,
      status,
      reason,
      message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
      observedGeneration: generation,
      lastTransitionTime:
        old !== undefined && old.status === status && old.lastTransitionTime !== ''
          ? old.lastTransitionTime
          : new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
    })
  }
  return TYPES.flatMap((type) => conditions.get(type) ?? [])
}

export function conditionOf(conditions: readonly Condition[], type: ConditionType): Condition | undefined {
  return conditions.find((one) => one.type === type)
}
