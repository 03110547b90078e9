/** The registry that a command asks by default. */
import type { Environment } from '../settings/read-settings.ts'

/** The address that `serve` listens on by default. */
const DEFAULT_REGISTRY = 'http://127.0.0.1:5000'

export function registryUrl(environment: Environment): string {
  return environment['PUSHLESS_REGISTRY'] || DEFAULT_REGISTRY
}
