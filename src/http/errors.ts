/** Turns every error of a route into a response, and logs it: once, here. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { causeChain } from '../core/errors/error-chain.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { INTERNAL_ERROR, PUBLIC, errorReply, type Audience, type ErrorReply } from './error-table.ts'
import { requestFacts } from './request-log.ts'

/** How an answer says what went wrong: OCI's document, or a line of text for clients that show it as it is. */
export type ErrorForm = 'document' | 'text'

export type AudienceOf = (request: FastifyRequest, refusal: RegistryError) => Audience

/** @param audienceOf tells what a client may see; it is called for failures that have something to hide. */
export function registerErrors(app: FastifyInstance, audienceOf: AudienceOf = () => PUBLIC): void {
  registerErrorForm(app, 'document', audienceOf)
  app.setNotFoundHandler((request, reply) =>
    sendRefusal(
      reply,
      new RegistryError('not-found', 'no such endpoint', { detail: { path: request.url.slice(0, 300) } }),
    ),
  )
}

export function registerErrorForm(
  app: FastifyInstance,
  form: ErrorForm,
  audienceOf: AudienceOf = () => PUBLIC,
): void {
  app.setErrorHandler(async (error, request, reply) => {
    // Fastify's own refusals (a malformed URL, a body too large) come with a status.
    const refusal = error instanceof RegistryError ? error : fromFastify(error)
    if (refusal !== undefined)
      return sendRefusal(reply, refusal, request, { form, audience: audienceOf(request, refusal) })
    request.log.error({ err: error, ...requestFacts(request) }, 'request failed')
    return send(reply, INTERNAL_ERROR, form)
  })
}

/** @param request logged with it, if given. */
export function sendRefusal(
  reply: FastifyReply,
  refusal: RegistryError,
  request?: FastifyRequest,
  { form = 'document', audience = PUBLIC }: { readonly form?: ErrorForm; readonly audience?: Audience } = {},
): FastifyReply {
  const answer = errorReply(refusal, audience)
  if (request !== undefined) {
    const { message, kind, detail } = refusal
    const cause = causeChain(refusal)
    // Facts of the failure may have the same names: a build has a status of Nix's.
    const facts = {
      ...detail,
      ...(detail?.['status'] === undefined ? {} : { nixStatus: detail['status'] }),
      ...requestFacts(request),
      status: answer.status,
      kind,
      reason: message,
    }
    // A stack tells nothing of a failure that was expected, unless one looks for a mistake in what expects it.
    request.log[answer.log](cause === undefined ? facts : { ...facts, cause }, 'request refused')
    if (refusal.cause !== undefined) request.log.debug({ err: refusal }, 'where the refusal comes from')
  }
  return send(reply, answer, form)
}

/** Headers that a route may have set for the body that it meant to send: a stream can fail before its first byte. */
const BODY_HEADERS = [
  'accept-ranges',
  'cache-control',
  'content-encoding',
  'content-range',
  'docker-content-digest',
  'etag',
  'vary',
] as const

function send(reply: FastifyReply, answer: ErrorReply, form: ErrorForm): FastifyReply {
  for (const name of BODY_HEADERS) reply.removeHeader(name)
  if (answer.reason !== undefined) reply.raw.statusMessage = answer.reason
  if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', answer.retryAfterSeconds)
  if (answer.challenge !== undefined) reply.header('www-authenticate', answer.challenge)
  const body = form === 'document' ? answer.body : Buffer.from(`${answer.text}\n`)
  return reply
    .code(answer.status)
    .type(form === 'document' ? 'application/json' : 'text/plain; charset=utf-8')
    .header('content-length', body.length)
    .send(body)
}

function fromFastify(error: unknown): RegistryError | undefined {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined
  return new RegistryError('name-invalid', 'malformed request', { cause: error })
}
