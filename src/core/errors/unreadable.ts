import { RegistryError } from './errors.ts'
import { explainSystemError, systemCode } from './system-error.ts'

/**
 * Returns the error for a path of the store that can't be read: it vanished, or the system says something else.
 * @param shown the path as messages show it.
 */
export function unreadable(shown: string, cause: unknown): RegistryError {
  const message =
    systemCode(cause) === 'ENOENT'
      ? `store path vanished: ${shown}`
      : `store path cannot be read: ${explainSystemError(cause, shown) ?? shown}`
  return new RegistryError('unavailable', message, { cause })
}
