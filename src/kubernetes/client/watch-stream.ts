/** Reads the events of a watch, and ends one that gives no sign of life. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { WatchEvent } from './cluster.ts'
import type { KubernetesRequest } from './transport/connection.ts'
import { failedAnswer } from './transport/failed-answer.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { liveObject, malformedAnswer } from './live-object.ts'
import type { Transport } from './transport/transport.ts'

const EVENTS = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const

/**
 * @param silentMs how long the watch may give no sign.
 * @throws KubernetesError `expired` for a version that is too old, `timeout` for silence, or of any other kind.
 */
export async function* watchStream(
  transport: Transport,
  { signal, ...asked }: KubernetesRequest,
  silentMs: number,
): AsyncGenerator<WatchEvent> {
  const silent = new AbortController()
  const timer = setTimeout(() => silent.abort(), silentMs)
  const signals = signal === undefined ? silent.signal : AbortSignal.any([silent.signal, signal])
  try {
    for await (const line of transport.lines({ ...asked, signal: signals })) {
      timer.refresh()
      yield watchEvent(line)
    }
  } catch (cause) {
    signal?.throwIfAborted()
    if (!silent.signal.aborted) throw cause
    throw new KubernetesError('timeout', `a watch was silent for ${silentMs / 1000} s`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

function watchEvent(event: Json): WatchEvent {
  const type = textAt(event, 'type') ?? ''
  const object = fieldAt(event, 'object')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { kind: EVENTS[type], object: liveObject(object) }
    case 'BOOKMARK': {
      const resourceVersion = textAt(object, 'metadata', 'resourceVersion')
      if (resourceVersion === undefined) throw malformedAnswer('a bookmark')
      return { kind: 'bookmark', resourceVersion }
    }
    case 'ERROR': {
      const code = fieldAt(object, 'code')
      throw failedAnswer(typeof code === 'number' ? code : 500, JSON.stringify(object ?? null))
    }
  }
  throw malformedAnswer('an event of a watch')
}
