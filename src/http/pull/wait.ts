/**
 * Waiting longer than one response may take: a redirect to the same URL begins a new hold within one attempt of the
 * client. Clients follow nine (Go's limit is ten requests; measured with containerd 1.6 to 2.3), and containerd 1.7
 * and 2.0 end a pull after 300 s without progress, so the holds together must stay below that.
 */
import { pathOf, queryOf } from '../request-target.ts'
import type { RegistryError } from '../../core/errors/errors.ts'

export const WAIT_MODES = ['retry', 'redirect'] as const
export type WaitMode = (typeof WAIT_MODES)[number]

const MAX_HOPS = 9
const PARAMETER = 'wait'

/**
 * Returns the location for a client whose work still goes on.
 * @param url of the request.
 * @returns nothing where it is told to retry.
 */
export function nextWait(mode: WaitMode, error: RegistryError, url: string): string | undefined {
  if (mode !== 'redirect' || error.kind !== 'pending') return undefined
  const parameters = queryOf(url)
  const asked = Number(parameters.get(PARAMETER) ?? 0)
  // Ignores `wait` values that this server did not issue.
  const hop = Number.isInteger(asked) && asked >= 0 ? asked + 1 : 1
  if (hop > MAX_HOPS) return undefined
  parameters.set(PARAMETER, String(hop))
  return `${pathOf(url).replaceAll(/\/{2,}/g, '/')}?${parameters.toString()}`
}
