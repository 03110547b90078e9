/** The newest warnings about an object. The core API lists the events of both of Kubernetes' event APIs. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'

export type WarningEvent = { readonly reason: string; readonly message: string; readonly count: number }

const EVENT = { apiVersion: 'v1', kind: 'Event' }
/** Events of objects without a namespace are there. */
const CLUSTER_EVENTS = 'default'

/** Newest first, each reason once; none where they may not be read. */
export async function warningEvents(
  cluster: Cluster,
  object: LiveObject,
  limit: number,
  signal?: AbortSignal,
): Promise<readonly WarningEvent[]> {
  const { uid, namespace = CLUSTER_EVENTS } = object.metadata
  try {
    const fieldSelector = `involvedObject.uid=${uid},type=Warning`
    const { items } = await cluster.list(EVENT, { namespace, fieldSelector, signal })
    const newest = items.toSorted((a, b) => timeOf(b).localeCompare(timeOf(a))).map(warningOf)
    const byReason = new Map<string, WarningEvent>()
    for (const event of newest) if (!byReason.has(event.reason)) byReason.set(event.reason, event)
    return [...byReason.values()].slice(0, limit)
  } catch (error) {
    if (error instanceof KubernetesError) return []
    throw error
  }
}

function warningOf(event: LiveObject): WarningEvent {
  const count = fieldAt(event, 'series', 'count') ?? fieldAt(event, 'count')
  return {
    reason: textAt(event, 'reason') ?? '',
    message: (textAt(event, 'message') ?? '').trim(),
    count: typeof count === 'number' && count > 0 ? count : 1,
  }
}

/** RFC 3339, with or without fractions of a second: both sort as text. */
function timeOf(event: LiveObject): string {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    textAt(event.metadata, 'creationTimestamp') ??
    ''
  )
}
