/** The events that the audit log has. Nothing in them is a secret: no token, no password, no header. */

type AuditOutcome = 'allowed' | 'denied' | 'done' | 'failed'

export type AuditEvent = {
  readonly what: 'request' | 'credentials' | 'build' | 'fetch' | 'import' | 'warm' | 'deletion' | 'reload'
  readonly outcome: AuditOutcome
  /** The name of the subject; `server` for what the server does by itself. Absent for wrong credentials. */
  readonly subject?: string | undefined
  /** The address of the client, as the trusted proxies report it. */
  readonly address?: string | undefined
  /** The id that the log lines of the request have, too. For a deletion, the request that needed the room. */
  readonly requestId?: string | undefined
  /** The image, path, file or address that the event is about. */
  readonly target?: string | undefined
  readonly reason?: string | undefined
}

export type AuditListener = (event: AuditEvent) => void
