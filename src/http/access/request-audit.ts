/** Writes the events of requests into the audit log: what was refused, and what changed something. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditEvent, AuditListener } from '../../access/audit-event.ts'
import type { ErrorKind, RegistryError } from '../../core/errors/errors.ts'
import { printable } from '../../core/errors/printable.ts'
import { pathOf } from '../request-target.ts'
import { clientOf } from './client.ts'

const MAX_TARGET = 300
const ID = /^[A-Za-z0-9._-]{1,64}$/
/** Kinds of refusals that are about who asks. */
const DENIALS: ReadonlySet<ErrorKind> = new Set([
  'denied',
  'unauthorized',
  'refused',
  'too-many-guesses',
  'too-many-requests',
  'certificate-needed',
  'misdirected',
  'cross-site',
])

/** Takes the id that a client or proxy gives a request in X-Request-Id, else makes one that no other process has. */
export function requestIds(): (raw: IncomingMessage) => string {
  const process = randomBytes(4).toString('hex')
  let count = 0
  return ({ headers }) => {
    const given = headers['x-request-id']
    return typeof given === 'string' && ID.test(given) ? given : `${process}-${(count += 1)}`
  }
}

/** The fields of an event that are about the client. */
export function senderOf(request: FastifyRequest): Pick<AuditEvent, 'subject' | 'address' | 'requestId'> {
  const { subject, address } = clientOf(request)
  return { subject: subject.name, address, requestId: request.id }
}

/** Path and method, without the query, which may hold a secret. */
export function targetOf({ method, raw }: FastifyRequest): string {
  return printable(`${method} ${pathOf(raw.url)}`, MAX_TARGET)
}

/**
 * To be called where a request is refused. The first request of a client that has credentials comes without them, since
 * it learns how to send them from the refusal: that is none.
 */
export function auditRefusal(request: FastifyRequest, { kind, message }: RegistryError): void {
  if (!DENIALS.has(kind)) return
  if (kind === 'unauthorized' && request.headers.authorization === undefined) return
  request.server.audit?.({
    what: 'request',
    outcome: 'denied',
    ...senderOf(request),
    target: targetOf(request),
    reason: message,
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Absent where nobody registered it. */
    readonly audit?: AuditListener
  }
}

/** Hears of refusals (errors.ts calls), and writes of warming, imports and forgotten failures once they are answered. */
export function registerRequestAudit(app: FastifyInstance, audit: AuditListener): void {
  app.decorate('audit', audit)
  app.addHook('onResponse', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    const what = changeOf(request)
    if (what === undefined || reply.statusCode === 401 || reply.statusCode === 403) return done()
    const outcome = reply.statusCode < 400 ? 'done' : 'failed'
    audit({ what, outcome, ...senderOf(request), target: targetOf(request) })
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Who sends an id wants to find it in the answer.
    if (request.headers['x-request-id'] !== undefined) reply.header('x-request-id', request.id)
    done()
  })
}

function changeOf({ method, routeOptions }: FastifyRequest): 'warm' | 'import' | 'deletion' | undefined {
  const { url = '' } = routeOptions
  if (method === 'POST' && url === '/warm') return 'warm'
  if (method === 'PUT' && url.startsWith('/nix-cache')) return 'import'
  return method === 'DELETE' && url.startsWith('/builds') ? 'deletion' : undefined
}
