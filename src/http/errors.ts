/** Turns every error of a route into a response, and logs it: once, here. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { causeChain } from '../core/errors/error-chain.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { auditRefusal } from './access/request-audit.ts'
import { INTERNAL_ERROR, PUBLIC, errorReply, type Audience, type ErrorReply } from './error-table.ts'
import { failurePage } from './pages/failure-page.ts'
import { PAGE_HEADERS } from './pages/page-frame.ts'
import { preferred } from './pull/accept.ts'
import { requestFacts } from './request-log.ts'

/**
 * How an answer says what went wrong: OCI's document, a line of text for clients that show it as it is, or a page for
 * browsers. A client that doesn't prefer HTML gets the document instead of a page.
 */
export type ErrorForm = 'document' | 'text' | 'page'

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
      return sendRefusal(reply, refusal, request, {
        form: formFor(request, form),
        audience: audienceOf(request, refusal),
      })
    request.log.error({ err: error, ...requestFacts(request) }, 'request failed')
    return send(reply, INTERNAL_ERROR, formFor(request, form))
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
    auditRefusal(request, refusal)
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
  return send(reply, answer, form, refusal)
}

function formFor({ headers }: FastifyRequest, form: ErrorForm): ErrorForm {
  if (form !== 'page') return form
  return preferred(headers.accept, ['application/json', 'text/html']) === 'text/html' ? 'page' : 'document'
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

const CONTENT_TYPES = {
  document: 'application/json',
  text: 'text/plain; charset=utf-8',
  page: 'text/html; charset=utf-8',
} as const satisfies Record<ErrorForm, string>

function send(
  reply: FastifyReply,
  answer: ErrorReply,
  form: ErrorForm,
  refusal?: RegistryError,
): FastifyReply {
  for (const name of BODY_HEADERS) reply.removeHeader(name)
  if (answer.reason !== undefined) reply.raw.statusMessage = answer.reason
  if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', answer.retryAfterSeconds)
  if (answer.challenge !== undefined) reply.header('www-authenticate', answer.challenge)
  if (form === 'page') reply.headers(PAGE_HEADERS).header('cache-control', 'no-store')
  const body = bodyOf(answer, form, refusal)
  return reply.code(answer.status).type(CONTENT_TYPES[form]).header('content-length', body.length).send(body)
}

function bodyOf(
  { body, status, text, retryAfterSeconds }: ErrorReply,
  form: ErrorForm,
  refusal?: RegistryError,
) {
  switch (form) {
    case 'document':
      return body
    case 'text':
      return Buffer.from(`${text}\n`)
    case 'page':
      return failurePage({
        status,
        text,
        build: refusal?.facts.build,
        // Only what goes on without the client is asked again. A wrong token would be counted each time.
        refreshSeconds: refusal?.kind === 'pending' ? retryAfterSeconds : undefined,
      })
  }
}

function fromFastify(error: unknown): RegistryError | undefined {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined
  return new RegistryError('name-invalid', 'malformed request', { cause: error })
}
