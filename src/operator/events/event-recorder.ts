/**
 * Writes events (events.k8s.io/v1) about the operator's objects. The same event of the same object is written once in a
 * while, however often it happens. A failure to write one is reported, and delays nothing.
 */
import { randomBytes } from 'node:crypto'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'

export type EventKind = 'Normal' | 'Warning'

export type EventOptions = {
  /** A name that no other process has. */
  readonly instance: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Must not throw. */
  readonly onTrouble: (error: unknown) => void
}

/** As long as Kubernetes' own recorder counts an event as the same (client-go, tools/events). */
const SAME_MS = 6 * 60_000
const MAX_REMEMBERED = 4096
/** Bytes (events.k8s.io/v1, Event.note). */
const MAX_NOTE = 1024

export class EventRecorder {
  readonly #cluster: Cluster
  readonly #options: EventOptions
  readonly #seen = new Map<string, number>()

  constructor(cluster: Cluster, options: EventOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** @param reason in CamelCase. @param action such as `Deliver`. */
  record(live: LiveObject, kind: EventKind, reason: string, note: string, action = 'Reconcile'): void {
    const now = (this.#options.now ?? Date.now)()
    const key = JSON.stringify([live.metadata.uid, kind, reason, note])
    const seen = this.#seen.get(key)
    if (seen !== undefined && now - seen < SAME_MS) return
    this.#seen.delete(key)
    this.#seen.set(key, now)
    for (const [old, at] of this.#seen) {
      if (this.#seen.size <= MAX_REMEMBERED && now - at < SAME_MS) break
      this.#seen.delete(old)
    }
    this.#write(live, { kind, reason, note, action, now }).catch(this.#options.onTrouble)
  }

  async #write(
    { apiVersion, kind: objectKind, metadata }: LiveObject,
    event: {
      readonly kind: EventKind
      readonly reason: string
      readonly note: string
      readonly action: string
      readonly now: number
    },
  ): Promise<void> {
    const { kind, reason, note, action, now } = event
    const { name, namespace = 'default', uid, resourceVersion } = metadata
    await this.#cluster.create({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace },
      // Microseconds, as MicroTime has them.
      eventTime: new Date(now).toISOString().replace('Z', '000Z'),
      reportingController: 'pushless.internal/operator',
      reportingInstance: this.#options.instance.slice(0, 128),
      action,
      reason,
      type: kind,
      note: shortened(note),
      regarding: { apiVersion, kind: objectKind, name, namespace, uid, resourceVersion },
    })
  }
}

/** The end may have cut a character into two, which becomes a replacement of three bytes. */
function shortened(note: string): string {
  const bytes = Buffer.from(note)
  return bytes.length > MAX_NOTE ? `${bytes.subarray(0, MAX_NOTE - 6).toString()}…` : note
}
