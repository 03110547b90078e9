/**
 * The audit events of what goes on behind requests: work that a request began, files that were read again, and what the
 * server removes by itself.
 */
import type { Asker } from '../../core/asker.ts'
import type { Deletion } from '../../core/deletion.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { AuditEvent } from '../audit-event.ts'

/** The subject of what the server does by itself. Names of clients have a colon, or are `anonymous`. */
const SERVER_SUBJECT = 'server'

export type EndedWork = {
  readonly what: 'build' | 'fetch'
  readonly target: string
  /** Absent for work that succeeded. */
  readonly error?: unknown
  readonly outcome: 'done' | 'failed'
}

/** @param asker the request that began the work, if one did. The reason is a kind, since messages may name anything. */
export function workEvent({ what, target, outcome, error }: EndedWork, asker: Asker | undefined): AuditEvent {
  const { subject = SERVER_SUBJECT, address, requestId } = asker ?? {}
  const reason = error instanceof RegistryError ? error.kind : undefined
  return { what, outcome, subject, address, requestId, target, reason }
}

/** @param asker the request whose work needed the room, if one did. It is not who deletes. */
export function deletionEvent({ target, reason, isDone }: Deletion, asker: Asker | undefined): AuditEvent {
  const outcome = isDone ? 'done' : 'failed'
  return {
    what: 'deletion',
    outcome,
    subject: SERVER_SUBJECT,
    requestId: asker?.requestId,
    target,
    reason,
  }
}

/** @param error absent where the new content counts; otherwise why the old one stays. */
export function reloadEvent(target: string, error?: RegistryError): AuditEvent {
  const outcome = error === undefined ? 'done' : 'failed'
  return { what: 'reload', outcome, subject: SERVER_SUBJECT, target, reason: error?.message }
}
