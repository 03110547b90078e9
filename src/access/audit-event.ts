/** The events that the audit log has. Nothing in them is a secret: no token, no password, no header. */

type AuditOutcome = 'allowed' | 'denied' | 'done' | 'failed'

export type AuditEvent = {
  readonly what: 'request' | 'credentials' | 'build' | 'fetch' | 'import' | 'warm' | 'deletion' | 'reload'
  readonly outcome: AuditOutcome
  /** The name of the subject. Absent where no request caused the event. */
  readonly subject?: string | undefined
  /** The address of the client, as the trusted proxies report it. */
  readonly address?: string | undefined
  /** The id that the log lines of the request have, too. */
  readonly requestId?: string | undefined
  /** The image, path, file or address that the event is about. */
  readonly target?: string | undefined
  readonly reason?: string | undefined
}

export type AuditListener = (event: AuditEvent) => void
