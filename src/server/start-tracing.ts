/** Starts tracing where an endpoint is set. OpenTelemetry's SDK is loaded only then. */
import type { FastifyBaseLogger } from 'fastify'
import type { Settings } from '../settings/settings.ts'
import type { Tracing } from '../tracing/open-tracing.ts'

export async function startTracing(
  { traceEndpoint: endpoint, traceRatio: ratio }: Settings,
  version: string,
  logger: FastifyBaseLogger,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined
  const { openTracing } = await import('../tracing/open-tracing.ts')
  logger.info({ endpoint, ratio }, 'tracing')
  const onTrouble = (reason: string) =>
    logger.warn({ endpoint, reason }, 'traces are lost: the collector does not take them')
  return openTracing({ endpoint, ratio, version, onTrouble })
}
