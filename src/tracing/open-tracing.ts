/**
 * Sends spans to a collector by OTLP over HTTP. Loaded only where tracing is on, since it is larger than the rest of the
 * server. Spans wait in a queue of bounded length: a collector that doesn't answer costs spans and nothing else.
 */
import { context, diag, propagation, trace, type DiagLogger } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

export type TracingOptions = {
  /** Such as `http://collector:4318/v1/traces`. */
  readonly endpoint: string
  /** The share of requests that are traced where the client doesn't decide, from 0 to 1. */
  readonly ratio: number
  readonly version: string
  /** Hears why spans are lost. Once, until some arrive again. */
  readonly onTrouble: (reason: string) => void
}

export type Tracing = {
  /** Sends what waits, for a moment. */
  readonly close: () => Promise<void>
}

const SEND_EVERY_MS = 2_000
const SEND_LIMIT_MS = 5_000
const MAX_QUEUED = 2_048
const CLOSE_LIMIT_MS = 3_000

function ignore(): void {
  // Nobody reads it.
}

export function openTracing({ endpoint, ratio, version, onTrouble }: TracingOptions): Tracing {
  let isTroubled = false
  const tell = (message: string) => {
    if (isTroubled) return
    isTroubled = true
    onTrouble(message)
  }
  diag.setLogger({
    error: tell,
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  } satisfies DiagLogger)
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: SEND_LIMIT_MS })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'pushless', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS, maxQueueSize: MAX_QUEUED }),
    ],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return {
    close: async () => {
      const limit = AbortSignal.timeout(CLOSE_LIMIT_MS)
      const over = new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve()))
      await Promise.race([provider.shutdown().catch(ignore), over])
    },
  }
}
