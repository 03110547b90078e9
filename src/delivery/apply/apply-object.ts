/** Makes one object what the set says, and tells what was done. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { DeliveryError } from '../delivery-error.ts'
import type { ObjectOutcome } from '../delivery-event.ts'
import type { TakeOver } from '../drift/take-over.ts'
import { checkObject, type Change, type Check, type CheckedObject } from '../plan/check-object.ts'
import { NOTHING_COMING } from '../plan/coming-with.ts'
import { getKnown } from '../inventory/served-name.ts'
import { isRefusal, problemOf } from '../plan/server-problem.ts'
import type { SetObject } from '../set/object-set.ts'

export type Applied = {
  readonly outcome: ObjectOutcome
  readonly live: LiveObject
  /** Messages about fields that were taken over from other managers. */
  readonly notes: readonly string[]
}

/** Tries of an object that somebody else changes at the same time. */
const TRIES = 5
const PAUSE_MS = 200
/** Milliseconds that an object may take to be deleted before it is made again. */
const GONE_MS = 60_000
/** Milliseconds that a server may take to know a kind, a role or an account that was just made. */
const KNOWN_MS = 10_000

/** @throws DeliveryError `refused` where the server refuses the object, KubernetesError where it doesn't answer. */
export async function applyObject(
  cluster: Cluster,
  { object, change }: CheckedObject,
  check: Check,
): Promise<Applied> {
  let current = change
  for (let attempt = 1; ; attempt++) {
    try {
      if (current.kind === 'later') current = await checkLater(cluster, object, check)
      return await carryOut(cluster, object, current, check)
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error
      const isRaced =
        error.kind === 'conflict' ||
        error.kind === 'already-exists' ||
        (error.kind === 'invalid' && current.kind === 'change')
      if (!isRaced || attempt === TRIES) throw refusalOf(object, error)
      await delay(PAUSE_MS * attempt, undefined, { signal: check.signal })
      current = await checkObject(cluster, object, check)
    }
  }
}

/** Checks an object again, now that what it needs is there. A server may need a moment to know a new kind. */
async function checkLater(cluster: Cluster, object: SetObject, check: Check): Promise<Change> {
  await untilGone(cluster, object, check.signal)
  const end = performance.now() + KNOWN_MS
  for (;;) {
    const change = await checkObject(cluster, object, check)
    if (change.kind !== 'later') return change
    if (performance.now() > end) return checkObject(cluster, object, { ...check, coming: NOTHING_COMING })
    await delay(PAUSE_MS, undefined, { signal: check.signal })
    cluster.forgetKinds()
  }
}

async function carryOut(
  cluster: Cluster,
  object: SetObject,
  change: Change,
  { signal }: Check,
): Promise<Applied> {
  const options = { force: true, signal }
  switch (change.kind) {
    case 'unchanged':
      return { outcome: 'unchanged', live: change.live, notes: [] }
    case 'create':
      return { outcome: 'created', live: await cluster.apply(object.desired, options), notes: [] }
    case 'change':
    case 'own': {
      const { takeOver, desired } = change.next
      if (takeOver !== undefined) await cluster.patch(object.name, takeOver.operations, signal)
      const live = await cluster.apply(desired, options)
      return { outcome: change.kind === 'own' ? 'owned' : 'changed', live, notes: notesOf(takeOver) }
    }
    case 'recreate': {
      await cluster.remove(object.name, { uid: change.live.metadata.uid, propagation: 'Foreground', signal })
      await untilGone(cluster, object, signal)
      return {
        outcome: 'recreated',
        live: await cluster.apply(object.desired, options),
        notes: [change.reason],
      }
    }
    case 'later':
      throw new DeliveryError('refused', change.reason, {
        problems: [{ object: object.name, message: change.reason }],
      })
    case 'owned':
      throw new DeliveryError('owned', `${object.name.name} belongs to ${change.owner}`)
    case 'refused':
      throw new DeliveryError('refused', change.problem.message, { problems: [change.problem] })
  }
}

function notesOf(taken: TakeOver | undefined): readonly string[] {
  if (taken === undefined) return []
  const { managers, released } = taken
  return [
    ...(managers.length === 0 ? [] : [`its fields of ${managers.join(', ')} belong to the set now`]),
    ...(released.length === 0 ? [] : [`${released.join(', ')} is left to others`]),
  ]
}

/** Waits while an object is being deleted. @throws DeliveryError `refused` where it takes too long. */
async function untilGone(
  cluster: Cluster,
  object: SetObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = performance.now() + GONE_MS
  for (;;) {
    const live = await getKnown(cluster, object.name, signal)
    if (live?.metadata['deletionTimestamp'] === undefined) return
    if (performance.now() > end) {
      const message = `is being deleted for over ${GONE_MS / 1000} s, and can’t be made again before it is gone`
      throw new DeliveryError('refused', message, { problems: [{ object: object.name, message }] })
    }
    await delay(PAUSE_MS, undefined, { signal })
  }
}

function refusalOf(object: SetObject, error: KubernetesError): Error {
  if (!isRefusal(error)) return error
  const problem = problemOf(object, error)
  return new DeliveryError('refused', problem.message, { problems: [problem], cause: error })
}
