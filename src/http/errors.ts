/** Turns whatever a route throws into an answer, and logs it: once, here. */
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify'
import { RegistryError } from '../core/errors.ts'
import { INTERNAL_ERROR, errorReply } from './error-table.ts'

export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, request, reply) => {
    // Fastify's own refusals (a malformed URL, a body too large) come with a status.
    const refusal = error instanceof RegistryError ? error : fromFastify(error)
    const answer = refusal === undefined ? INTERNAL_ERROR : errorReply(refusal)
    log(request.log, answer.log, {
      err: refusal ?? error,
      method: request.method,
      url: request.url,
      status: answer.status,
    })
    return sendError(reply, answer)
  })
  app.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      errorReply(
        new RegistryError('name-unknown', 'no such endpoint', {
          detail: { path: request.url.slice(0, 300) },
        }),
      ),
    ),
  )
}

function sendError(reply: FastifyReply, answer: ReturnType<typeof errorReply>): FastifyReply {
  if (answer.reason !== undefined) reply.raw.statusMessage = answer.reason
  if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', answer.retryAfterSeconds)
  // The type must be set anew: a stream that failed before its first byte has left its own.
  return reply
    .code(answer.status)
    .type('application/json')
    .header('content-length', answer.body.length)
    .send(answer.body)
}

function fromFastify(error: unknown): RegistryError | undefined {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined
  return new RegistryError('name-invalid', 'malformed request', { cause: error })
}

function log(logger: FastifyBaseLogger, level: 'debug' | 'info' | 'warn' | 'error', facts: object): void {
  logger[level](facts, 'request failed')
}
