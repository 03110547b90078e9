/** The HTTP side, assembled: no listening, no signals, so that tests can have one too. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { registerErrors } from './errors.ts'
import { registerHealth } from './health.ts'
import { registerV2, type V2Options } from './v2.ts'

export function createApp(options: V2Options, logger: FastifyBaseLogger): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // A pull makes a hundred requests; what matters of them is logged where it happens.
    disableRequestLogging: true,
    exposeHeadRoutes: false,
    // Streams of gigabytes to slow clients are what we are here for.
    requestTimeout: 0,
    connectionTimeout: 0,
    // Running downloads end when they are done, or when server.ts loses patience.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 2048 },
  })
  registerErrors(app)
  registerHealth(app)
  registerV2(app, options)
  return app
}
