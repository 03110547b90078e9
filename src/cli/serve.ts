/** `pushless serve`: runs until it is told to stop, and then lets running downloads end. */
import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import type { Settings } from '../settings.ts'
import { startServer } from '../server.ts'

/** Beyond the grace that downloads get, for the rest of the shutdown. */
const SHUTDOWN_SLACK_MS = 5_000

export async function serve(settings: Settings): Promise<void> {
  const logger = pino({
    level: settings.PUSHLESS_LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  })
  const server = await startServer(settings, logger)
  closeWithGrace(
    { delay: settings.PUSHLESS_GRACE * 1000 + SHUTDOWN_SLACK_MS, logger },
    async ({ err, signal }) => {
      if (err !== undefined) logger.fatal({ err }, 'stopping after a defect')
      else
        logger.info({ signal, graceSeconds: settings.PUSHLESS_GRACE }, 'stopping; running downloads may end')
      await server.close()
      logger.info('stopped')
    },
  )
}
