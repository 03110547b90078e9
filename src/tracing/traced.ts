/**
 * Spans of OpenTelemetry around the steps of a request. Without a trace that goes on they cost one look-up: a step is
 * traced only below a request that is.
 */
import { SpanStatusCode, context, trace, type Attributes, type Span } from '@opentelemetry/api'

const TRACER = 'pushless'

/** Runs a step within a span. @throws what the step throws; the span then says that it failed, and no more. */
export async function traced<T>(name: string, attributes: Attributes, step: () => Promise<T>): Promise<T> {
  if (trace.getActiveSpan() === undefined) return step()
  const span = trace.getTracer(TRACER).startSpan(name, { attributes })
  try {
    return await context.with(trace.setSpan(context.active(), span), step)
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: kindOf(error) })
    throw error
  } finally {
    span.end()
  }
}

/** Begins a span below the request's, to be ended by the caller; `undefined` without one. */
export function beginSpan(name: string, attributes: Attributes): Span | undefined {
  return trace.getActiveSpan() === undefined
    ? undefined
    : trace.getTracer(TRACER).startSpan(name, { attributes })
}

function kindOf(error: unknown): string {
  return error instanceof Error && 'kind' in error ? String(error.kind) : 'error'
}
