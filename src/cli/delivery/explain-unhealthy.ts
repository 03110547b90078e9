/** Prints why objects aren't healthy: the Pods, the events and the build that failed. */
import { explainHealth } from '../../delivery/health/explain-health.ts'
import { registryBuilds } from '../../delivery/health/registry-builds.ts'
import type { Unhealthy } from '../../delivery/health/wait-healthy.ts'
import { displayName } from '../../delivery/set/object-name.ts'
import { readToken } from '../../http/access/token-file.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { parseRegistryUrl } from '../registry-url.ts'

/** Objects that are explained; what is wrong with one is mostly wrong with the others. */
const MAX_EXPLAINED = 10

export async function explainUnhealthy(
  cluster: Cluster,
  unhealthy: readonly Unhealthy[],
  { registry, tokenFile = '' }: { readonly registry?: string | false; readonly tokenFile?: string },
): Promise<void> {
  const token = readToken(tokenFile)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const buildOf =
    registry === undefined || registry === false
      ? undefined
      : registryBuilds(parseRegistryUrl(registry), { headers })
  for (const { name, health } of unhealthy.slice(0, MAX_EXPLAINED)) {
    const live = await cluster.get(name)
    const lines = live === undefined ? [] : await explainHealth(cluster, live, { buildOf })
    process.stderr.write(
      [`${displayName(name)}: ${health.reason}`, ...lines.map((line) => `  ${line}`), ''].join('\n'),
    )
  }
  const more = unhealthy.length - MAX_EXPLAINED
  if (more > 0) process.stderr.write(`and ${more} more\n`)
}
