/** The HTTP side, assembled: no listening, no signals, so that tests can have one too. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { RegistryError } from '../core/errors.ts'
import { registerErrors, sendRefusal } from './errors.ts'
import { registerHealth } from './health.ts'
import type { Metrics } from './metrics.ts'
import { RequestLog } from './request-log.ts'
import { registerV2, type V2Options } from './v2.ts'
import { registerWarm } from './warm.ts'

export type AppOptions = V2Options & {
  /** See token.ts. */
  readonly token: string | undefined
  readonly metrics: Metrics
}

export function createApp(options: AppOptions, logger: FastifyBaseLogger): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new RequestLog(),
    exposeHeadRoutes: false,
    // Streams of gigabytes to slow clients are what we are here for.
    requestTimeout: 0,
    connectionTimeout: 0,
    // Running downloads end when they are done, or when server.ts loses patience.
    forceCloseConnections: 'idle',
    // A malformed URL, which reaches no route.
    frameworkErrors: (_error, _request, reply) => {
      void sendRefusal(reply, new RegistryError('name-invalid', 'malformed percent-encoding'))
    },
    routerOptions: { maxParamLength: 2048 },
  })
  registerErrors(app)
  options.metrics.register(app, () => options.registry.figures())
  registerHealth(app, () => options.registry.askNix())
  registerV2(app, options)
  registerWarm(app, options)
  return app
}
