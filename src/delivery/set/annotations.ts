/** The annotations by which objects say how they are to be delivered. Other values than those here are refused. */
import { textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'

/** The set that an object belongs to: `namespace/name` of its record. Written by the delivery itself. */
export const OWNER = 'pushless.internal/set'
/** A whole number, 0 by default. A wave begins when all objects of earlier waves are healthy. */
const WAVE = 'pushless.internal/wave'
/** `disabled`: the object stays when it leaves the set, and when the set is deleted. */
export const PRUNE = 'pushless.internal/prune'
/** `allowed`: the object may be deleted and made again, where a field must change that never changes. */
const RECREATE = 'pushless.internal/recreate'

const MAX_WAVE = 1_000_000

/** The wishes of an object about its own delivery. */
export type DeliveryWishes = {
  readonly wave: number
  readonly isPruned: boolean
  readonly mayBeRecreated: boolean
}

/** @returns the wishes, or a message about an annotation with another value. */
export function wishesOf(object: Json): DeliveryWishes | string {
  const wave = annotationOf(object, WAVE) ?? '0'
  if (!/^-?\d{1,7}$/.test(wave) || Math.abs(Number(wave)) > MAX_WAVE)
    return `annotation ${WAVE} is ${JSON.stringify(wave)}, expected a whole number such as "1"`
  const prune = annotationOf(object, PRUNE)
  if (prune !== undefined && prune !== 'disabled')
    return `annotation ${PRUNE} is ${JSON.stringify(prune)}, expected "disabled"`
  const recreate = annotationOf(object, RECREATE)
  if (recreate !== undefined && recreate !== 'allowed')
    return `annotation ${RECREATE} is ${JSON.stringify(recreate)}, expected "allowed"`
  return {
    wave: Number(wave),
    isPruned: prune === undefined,
    mayBeRecreated: recreate !== undefined,
  }
}

export function annotationOf(object: Json, name: string): string | undefined {
  return textAt(object, 'metadata', 'annotations', name)
}
