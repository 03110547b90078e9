/**
 * What is logged of requests: the course of each at `debug` only (a pull makes a hundred), and of streams that broke
 * why. Refusals are logged in errors.ts, where they are answered.
 */
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

export class RequestLog extends LogController {
  override incomingRequest(): void {
    // What arrives is logged once it is answered.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (error === null || error === undefined) {
      const { method, url } = request
      reply.log.debug({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
    }
  }

  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const { method, url } = request
    if ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
      reply.log.debug({ method, url }, 'client left during a download')
    } else {
      reply.log.error({ err: error, method, url }, 'download cut')
    }
  }
}
