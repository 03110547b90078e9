/**
 * Refuses a set that lost most of its objects. A script that failed half-way and wrote a short directory must not empty a
 * cluster.
 */
import { DeliveryError } from '../delivery-error.ts'
import type { SetName } from '../set/object-set.ts'

/** Sets with fewer objects than this may lose any number but all. */
const SMALL = 5

export type Shrinking = {
  /** Objects that the set has now. */
  readonly objects: number
  /** Objects of the last delivery that it still has. */
  readonly kept: number
  /** Objects in the cluster that would be deleted. */
  readonly deleted: number
}

/** @throws DeliveryError `shrink`. */
export function assertNotShrunk(
  { namespace, name }: SetName,
  { objects, kept, deleted }: Shrinking,
  { mayBeEmpty, mayShrink }: { readonly mayBeEmpty: boolean; readonly mayShrink: boolean },
): void {
  const set = `${namespace}/${name}`
  if (objects === 0) {
    if (mayBeEmpty || deleted === 0) return
    throw new DeliveryError(
      'shrink',
      `the set ${set} has no objects now, and all ${deleted} of it would be deleted: --allow-empty allows that`,
    )
  }
  const before = kept + deleted
  if (mayShrink || before < SMALL || deleted * 2 <= before) return
  throw new DeliveryError(
    'shrink',
    `${deleted} of the ${before} objects of ${set} would be deleted: --allow-shrink allows that`,
  )
}
