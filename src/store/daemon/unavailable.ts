/** Failures of Nix itself, not of what was asked: `unavailable`, with what Nix said as the cause. */
import { RegistryError } from '../../core/errors/errors.ts'
import { ConnectionError } from './connection.ts'
import { NixError } from './messages.ts'

/** A question that Nix can't answer says something of Nix's state, like a damaged database. */
export async function refusalIsUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof NixError)) throw cause
    throw new RegistryError('unavailable', `Nix could not answer: ${cause.message}`, { cause })
  }
}

/** A connection that can't be had, or breaks. */
export async function lossIsUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (!(cause instanceof ConnectionError)) throw cause
    throw new RegistryError('unavailable', 'Nix is not reachable', { cause })
  }
}
