/** The log of `serve`: lines for people where a terminal shows them, JSON for everything else. */
import { pino, type Logger } from 'pino'
import type { Settings } from '../../settings/settings.ts'
import { isOfAnswer } from '../../http/request-log.ts'
import { errorFacts } from './error-facts.ts'
import { turnLines } from './turn-lines.ts'

export type LogStyle = 'json' | 'plain' | 'color'

/**
 * @param isOnTerminal whether standard output is one.
 * @param hasColor what the environment says of the terminal's colours.
 */
export function logStyle(format: Settings['logFormat'], isOnTerminal: boolean, hasColor: boolean): LogStyle {
  if (format === 'json' || (format === 'auto' && !isOnTerminal)) return 'json'
  return isOnTerminal && hasColor ? 'color' : 'plain'
}

/** Logs to standard output. */
export async function openLog(level: Settings['logLevel'], style: LogStyle): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorFacts(level === 'debug') },
  }
  if (style === 'json') return pino(options, turnLines(isOfAnswer))
  // Loaded for terminals alone.
  const { prettyLines } = await import('./pretty-log.ts')
  return pino(options, prettyLines(style === 'color'))
}
