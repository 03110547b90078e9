/** Why a registry can't be reached, where `fetch` alone says that it failed. */
import { causesOf, messageChain } from '../core/errors/error-chain.ts'
import { systemReason } from '../core/errors/system-error.ts'

/** `nothing listens there; start it, or name another address` */
export function unreachable(failure: unknown): string {
  const causes = causesOf(failure)
  if (causes.some((cause) => cause instanceof Error && cause.name === 'TimeoutError'))
    return 'no answer in time'
  const reason = causes.map(systemReason).find((found) => found !== undefined)
  return reason ?? messageChain(failure instanceof Error ? (failure.cause ?? failure) : failure)
}
