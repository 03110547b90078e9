/** The health of one Pod. */
import { listAt, textAt } from '../../core/json-fields.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { conditionOf } from './conditions.ts'
import { current, failed, progressing, type Health } from './health.ts'

/** The scheduler may need a moment to see a new node or volume: kstatus, `scheduleWindow`. */
const SCHEDULE_MS = 15_000

/** @param now in milliseconds since the epoch. */
export function podHealth(object: LiveObject, now: number): Health {
  const phase = textAt(object, 'status', 'phase') ?? ''
  switch (phase) {
    case 'Succeeded':
      return current('completed')
    case 'Failed':
      return failed(
        ['ended with a failure', textAt(object, 'status', 'message') ?? ''].filter(Boolean).join(': '),
      )
    case 'Running': {
      if (conditionOf(object, 'Ready')?.status === 'True') return current('ready')
      const crashing = waitingContainers(object, 'CrashLoopBackOff')
      return crashing.length > 0
        ? failed(`crashes again and again: ${crashing.join(', ')}`)
        : progressing('running, not ready yet')
    }
    case 'Pending':
      return pendingHealth(object, now)
    default:
      return progressing(phase === '' ? 'not seen by any controller yet' : `phase ${phase}`)
  }
}

function pendingHealth(object: LiveObject, now: number): Health {
  const scheduled = conditionOf(object, 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    const created = Date.parse(textAt(object.metadata, 'creationTimestamp') ?? '')
    const text = `unschedulable: ${scheduled.message}`
    // An unreadable time is an old one.
    return now - created < SCHEDULE_MS ? progressing(text) : failed(text)
  }
  const crashing = waitingContainers(object, 'CrashLoopBackOff')
  return crashing.length > 0
    ? failed(`crashes again and again: ${crashing.join(', ')}`)
    : progressing('pending')
}

function waitingContainers(object: LiveObject, reason: string): readonly string[] {
  return ['initContainerStatuses', 'containerStatuses']
    .flatMap((list) => listAt(object, 'status', list))
    .filter((status) => textAt(status, 'state', 'waiting', 'reason') === reason)
    .map((status) => textAt(status, 'name') ?? '')
}
