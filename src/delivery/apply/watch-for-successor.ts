/** Watches the record of a set while it is delivered: the newest delivery wins, and older ones stop at once. */
import { setTimeout as delay } from 'node:timers/promises'
import { parseJson } from '../../core/json.ts'
import { textAt } from '../../core/json-fields.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { RECORD_FIELD, recordName } from '../inventory/delivery-record.ts'
import type { SetName } from '../set/object-set.ts'

export type SuccessorWatch = {
  /** Aborts when another delivery of the set has begun. */
  readonly signal: AbortSignal
  readonly stop: () => void
}

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
/** Milliseconds until a watch that failed is opened again. Without it, the writes of the record find a successor. */
const RETRY_MS = 2_000

export function watchForSuccessor(cluster: Cluster, name: SetName, attempt: string): SuccessorWatch {
  const found = new AbortController()
  const ended = new AbortController()
  void watch(cluster, name, { attempt, found, signal: ended.signal }).catch(() => undefined)
  return { signal: found.signal, stop: () => ended.abort() }
}

async function watch(
  cluster: Cluster,
  set: SetName,
  {
    attempt,
    found,
    signal,
  }: { readonly attempt: string; readonly found: AbortController; readonly signal: AbortSignal },
): Promise<void> {
  const { namespace, name } = recordName(set)
  const of = { namespace, fieldSelector: `metadata.name=${name}`, signal }
  const look = (live: LiveObject): void => {
    const other = attemptIn(live)
    if (other !== undefined && other !== attempt) found.abort()
  }
  while (!signal.aborted && !found.signal.aborted) {
    try {
      const { items, resourceVersion } = await cluster.list(CONFIG_MAP, of)
      items.forEach(look)
      for await (const event of cluster.watch(CONFIG_MAP, { ...of, resourceVersion })) {
        if (event.kind !== 'bookmark') look(event.object)
        if (found.signal.aborted) return
      }
    } catch {
      await delay(RETRY_MS, undefined, { signal })
    }
  }
}

function attemptIn(live: LiveObject): string | undefined {
  try {
    return textAt(parseJson(textAt(live, 'data', RECORD_FIELD) ?? 'null'), 'attempt', 'id')
  } catch {
    return undefined
  }
}
