/** The conditions in the status of an object. */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'

export type Condition = {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  /** The generation that it is about, where its writer says so. */
  readonly observedGeneration: number | undefined
}

export function conditionsOf(object: Json): readonly Condition[] {
  return listAt(object, 'status', 'conditions').map((condition) => {
    const generation = fieldAt(condition, 'observedGeneration')
    return {
      type: textAt(condition, 'type') ?? '',
      status: textAt(condition, 'status') ?? '',
      reason: textAt(condition, 'reason') ?? '',
      message: textAt(condition, 'message') ?? '',
      observedGeneration: typeof generation === 'number' ? generation : undefined,
    }
  })
}

export function conditionOf(object: Json, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type)
}

/** `Ready is False: NoAddress: no address yet`. */
export function conditionText({ type, status, reason, message }: Condition): string {
  return [`${type} is ${status}`, reason, message].filter((part) => part !== '').join(': ')
}

export function numberAt(object: Json, absent: number, ...names: readonly string[]): number {
  const found = fieldAt(object, ...names)
  return typeof found === 'number' ? found : absent
}
