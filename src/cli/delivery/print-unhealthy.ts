/** Prints the objects that aren't healthy, with the reasons that were found. */
import type { ExplainedUnhealthy } from '../../delivery/health/explain-unhealthy.ts'
import { displayName } from '../../delivery/set/object-name.ts'

/** Objects that are printed; the others are counted. */
const MAX_PRINTED = 10

export function printUnhealthy(unhealthy: readonly ExplainedUnhealthy[]): void {
  for (const { name, health, reasons } of unhealthy.slice(0, MAX_PRINTED))
    process.stderr.write(
      [`${displayName(name)}: ${health.reason}`, ...reasons.map((line) => `  ${line}`), ''].join('\n'),
    )
  const more = unhealthy.length - MAX_PRINTED
  if (more > 0) process.stderr.write(`and ${more} more\n`)
}
