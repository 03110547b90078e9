/**
 * Finds the subject of each request: by its Authorization, by its client certificate, or anonymous. Wrong credentials
 * are 401 on every route, and slowed (see guess-limit.ts). The short-lived tokens of /token can't be guessed: they count
 * whatever else comes from their address.
 */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuditListener } from '../../access/audit-event.ts'
import type { Authenticator, Credentials } from '../../access/credentials/authenticator.ts'
import type { Verdict } from '../../access/credentials/verdict.ts'
import type { Subject } from '../../access/subject.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { readAuthorization } from './authorization.ts'
import { clientSubject } from './client-certificate.ts'
import { addressOf, setSubject } from './client.ts'
import type { GuessLimit } from './guess-limit.ts'
import type { LoopbackTrust } from './loopback-trust.ts'
import { targetOf } from './request-audit.ts'
import { challengeOf } from './token-challenge.ts'

export type AuthenticationOptions = {
  readonly authenticator: Authenticator
  readonly guesses: GuessLimit
  readonly loopback: LoopbackTrust
  readonly onAudit: AuditListener
}

/** To be called after the hooks that refuse requests of other hosts and sites. */
export function registerAuthentication(app: FastifyInstance, options: AuthenticationOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.isForProbes === true) return
    setSubject(request, await findSubject(request, reply, options))
  })
  // A refusal says how to identify oneself, whichever hook or route has made it.
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 401) reply.header('www-authenticate', challengeOf(request))
    done()
  })
}

async function findSubject(
  request: FastifyRequest,
  reply: FastifyReply,
  options: AuthenticationOptions,
): Promise<Subject> {
  const { authenticator, loopback } = options
  const { authorization } = request.headers
  if (authorization === undefined) {
    const certificate = clientSubject(request.raw.socket)
    const known = certificate === undefined ? undefined : authenticator.certificateSubject(certificate)
    return known ?? authenticator.anonymous(loopback.isLocal(request))
  }
  const credentials = readAuthorization(authorization)
  if (credentials === undefined) {
    closeAfterBody(request, reply)
    throw new RegistryError('unauthorized', 'expected Basic credentials or a bearer token')
  }
  try {
    const { subject } = await checkCredentials(request, credentials, options)
    return subject.kind === 'anonymous' ? authenticator.anonymous(loopback.isLocal(request)) : subject
  } catch (error) {
    closeAfterBody(request, reply)
    throw error
  }
}

/**
 * @throws RegistryError `unauthorized` for wrong credentials, `too-many-guesses` if their address sent too many of
 * them, `unavailable`, `busy`.
 */
export async function checkCredentials(
  request: FastifyRequest,
  credentials: Credentials,
  { authenticator, guesses, onAudit }: Omit<AuthenticationOptions, 'loopback'>,
): Promise<Extract<Verdict, { kind: 'right' }>> {
  if (credentials.kind === 'bearer') {
    const issued = await authenticator.checkIssued(credentials.token)
    if (issued?.kind === 'right') return issued
    // It was right once, and is no guess.
    if (issued !== undefined) throw wrongCredentials(issued.reason)
  }
  const address = addressOf(request)
  const digest = digestOf(credentials)
  const seconds = guesses.waitSeconds(address, digest)
  if (seconds > 0)
    throw new RegistryError('too-many-guesses', 'too many wrong credentials came from this address: wait', {
      retryAfterSeconds: seconds,
    })
  // Counted before it is compared, or fifty at once would be one guess.
  const count = guesses.count(address, digest)
  const verdict = await authenticator.check(credentials).catch((error: unknown) => {
    guesses.forgive(address, digest)
    throw error
  })
  if (verdict.kind === 'right') {
    guesses.forgive(address, digest)
    return verdict
  }
  const { reason } = verdict
  if (count !== 'repeated') {
    request.log.warn({ reason }, count === 'last' ? `${WRONG}; ${SLOWED}` : WRONG)
    onAudit({
      what: 'credentials',
      outcome: 'denied',
      address,
      requestId: request.id,
      target: targetOf(request),
      reason,
    })
  }
  throw wrongCredentials(reason)
}

const WRONG = 'wrong credentials'
const SLOWED = 'none from this address are compared for some seconds'

function wrongCredentials(reason: string): RegistryError {
  // The client learns no reason, which would say whether there is such a user.
  return new RegistryError('unauthorized', 'these credentials do not count here', {
    cause: new Error(reason),
  })
}

function digestOf(credentials: Credentials): string {
  return createHash('sha256').update(JSON.stringify(credentials)).digest('base64')
}

/** The body isn't read, so the connection can't serve another request. */
function closeAfterBody({ method }: FastifyRequest, reply: FastifyReply): void {
  if (method !== 'GET' && method !== 'HEAD') reply.header('connection', 'close')
}
