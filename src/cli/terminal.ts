import type { Environment } from '../settings/read-settings.ts'

/** Whether the environment allows colours in the terminal; see no-color.org. */
export function terminalOf(environment: Environment): 'none' | 'plain' | 'color' {
  if (environment['TERM'] === 'dumb') return 'none'
  return environment['NO_COLOR'] ? 'plain' : 'color'
}
