/** The policy for builds and fetches that the settings describe. */
import type { Policy } from '../core/policy.ts'
import type { Settings } from './settings.ts'

/** 127.0.0.0/8, ::1 and localhost. */
const LOOPBACK = /^(?:127(?:\.[0-9]{1,3}){3}|localhost|::1)$/

/**
 * Returns the policy. Where the operator has not decided about builds, only clients on this machine may have them.
 * @param isLoopbackTrusted whether requests from loopback come from this machine. It may end while the server runs.
 * @param noSandbox why builds can't have the sandbox that they must have, as far as that is known.
 */
export function policyOf(
  { allowBuilds, allowNames, denyFetches, denyNames, listen, systems }: Settings,
  isLoopbackTrusted: () => boolean,
  noSandbox: () => string | undefined = () => undefined,
): Policy {
  const areAllowed = () => allowBuilds ?? (isLoopbackHost(listen.host) && isLoopbackTrusted())
  return {
    get builds() {
      return areAllowed() && noSandbox() === undefined
    },
    get noSandbox() {
      return areAllowed() ? noSandbox() : undefined
    },
    fetches: !denyFetches,
    allow: allowNames,
    deny: denyNames,
    systems,
  }
}

/** Whether an address to listen on is this machine's alone. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host)
}
