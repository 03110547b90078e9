/** A span for each request, below that of the client where it sends a `traceparent` (W3C Trace Context). */
import { SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import { printable } from '../core/errors/printable.ts'
import { atEnd } from './connection/response-end.ts'
import { pathOf } from './request-target.ts'
import { routeOf } from './metrics.ts'

const MAX_PATH = 300

/** To be called where tracing is on, before the hooks that do work. */
export function registerRequestSpans(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const parent = propagation.extract(context.active(), request.headers)
    const route = routeOf(request)
    const span = trace.getTracer('pushless').startSpan(
      `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          // Without its query, which may hold a token.
          'url.path': printable(pathOf(request.raw.url), MAX_PATH),
          'pushless.request.id': request.id,
        },
      },
      parent,
    )
    atEnd(reply.raw, () => {
      span.setAttribute('http.response.status_code', reply.raw.statusCode)
      if (reply.raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), done)
  })
}
