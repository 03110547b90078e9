/** Which registry a command asks where none is named. */
import type { Environment } from '../settings/read-settings.ts'

/** Where `serve` listens by default. */
const DEFAULT_REGISTRY = 'http://127.0.0.1:5000'

export function registryUrl(environment: Environment): string {
  return environment['PUSHLESS_REGISTRY'] || DEFAULT_REGISTRY
}
