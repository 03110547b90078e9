/** The last line of a delivery. */
import type { DeliveryResult } from '../../delivery/deliver.ts'
import type { SetName } from '../../delivery/set/object-set.ts'

export function endText(
  { namespace, name }: SetName,
  { generation, outcome, isIdle, unhealthy, remaining }: DeliveryResult,
): string {
  const set = `${namespace}/${name} generation ${generation}`
  if (outcome === 'unhealthy') return `${set}: ${unhealthy.length} not healthy`
  if (remaining.length > 0) return `${set}: delivered, and ${remaining.length} still being deleted`
  return isIdle ? `${set}: nothing to change` : `${set}: delivered`
}
