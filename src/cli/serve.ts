/** `pushless serve`: runs until it is told to stop, and then lets running downloads end. */
import { isatty } from 'node:tty'
import closeWithGrace from 'close-with-grace'
import type { Settings } from '../settings/settings.ts'
import { startServer, type RunningServer } from '../server.ts'
import { nextSteps } from './display/next-steps.ts'
import { logStyle, openLog } from './display/serve-log.ts'

/** Beyond the grace that downloads get, for the rest of the shutdown. */
const SHUTDOWN_SLACK_MS = 5_000

const STDOUT = 1
/** As shells have it: 128 and the number of the signal. */
const EXIT_HANGUP = 129

/** @param hasColor whether a terminal may be shown colours. */
export async function serve(settings: Settings, hasColor: boolean, version: string): Promise<void> {
  const isOnTerminal = isatty(STDOUT)
  const style = logStyle(settings.logFormat, isOnTerminal, hasColor)
  const logger = await openLog(settings.logLevel, style)
  let server: RunningServer | undefined
  // Before it starts: by default the signal ends the process.
  process.on('SIGHUP', () => {
    // The terminal was closed. Nothing can be logged any more, and a crash at any moment leaves a good state.
    if (isOnTerminal && !isatty(STDOUT)) process.exit(EXIT_HANGUP)
    logger.info('SIGHUP: reading the token file and the certificates again')
    server?.reload()
  })
  const starting = startServer(settings, logger, version)
  // Before it has started, too: a program that reads that it listens may end it at once.
  const grace = closeWithGrace(
    { delay: settings.graceMs + SHUTDOWN_SLACK_MS, logger, skip: ['SIGHUP'] },
    async ({ err, signal }) => {
      if (err !== undefined) logger.fatal({ err }, 'stopping after a defect')
      else
        logger.info({ signal, graceSeconds: settings.graceMs / 1000 }, 'stopping; running downloads may end')
      await (await starting).close()
      logger.info('stopped')
    },
  )
  try {
    server = await starting
  } catch (error) {
    // Such as a port that is taken.
    grace.uninstall()
    throw error
  }
  if (style !== 'json' && logger.isLevelEnabled('info')) process.stdout.write(nextSteps(server.url))
}
