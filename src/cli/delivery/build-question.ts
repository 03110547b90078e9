/** The question about builds that a command asks the registry which its flags name. */
import { registryBuilds, type BuildOf } from '../../delivery/health/registry-builds.ts'
import { registryHeaders } from '../registry-headers.ts'
import { parseRegistryUrl } from '../registry-url.ts'

/** @returns nothing where the flags name no registry. @throws UsageError for one that is no URL. */
export function buildQuestion({
  registry,
  tokenFile,
}: {
  readonly registry?: string | false
  readonly tokenFile: string
}): BuildOf | undefined {
  if (registry === undefined || registry === false) return undefined
  const headers = registryHeaders(tokenFile)
  return registryBuilds(parseRegistryUrl(registry), { headers })
}
