/** The registry that a command asks by default. */
import type { Environment } from '../settings/read-settings.ts'
import { UsageError } from './usage-error.ts'

/** The address that `serve` listens on by default. */
const DEFAULT_REGISTRY = 'http://127.0.0.1:5000'

export function registryUrl(environment: Environment): string {
  return environment['PUSHLESS_REGISTRY'] || DEFAULT_REGISTRY
}

/**
 * Reads a registry's address. `127.0.0.1:5000` means plain HTTP.
 * @returns it with a slash at the end, so that paths can follow. @throws UsageError for what is no URL.
 */
export function parseRegistryUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--registry: not a URL: ${text}`)
  url.pathname = url.pathname.replace(/\/*$/, '/')
  return url
}
