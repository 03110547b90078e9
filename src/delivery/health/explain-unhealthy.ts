/** Adds to objects that aren't healthy why they aren't. */
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { explainHealth, type ExplainOptions } from './explain-health.ts'
import type { Unhealthy } from './wait-healthy.ts'

export type ExplainedUnhealthy = Unhealthy & {
  /** Lines for people, the cause first. None where nothing more could be found. */
  readonly reasons: readonly string[]
}

/** Objects that are explained. The cause of one is mostly that of the others. */
const MAX_EXPLAINED = 10

/** @throws the reason of the signal. */
export async function explainUnhealthy(
  cluster: Cluster,
  unhealthy: readonly Unhealthy[],
  options: ExplainOptions,
): Promise<readonly ExplainedUnhealthy[]> {
  return Promise.all(
    unhealthy.map(async (one, i) => ({
      ...one,
      reasons: i < MAX_EXPLAINED ? await reasonsOf(cluster, one, options) : [],
    })),
  )
}

/** Leaves out what can't be asked now. */
async function reasonsOf(
  cluster: Cluster,
  { name }: Unhealthy,
  options: ExplainOptions,
): Promise<readonly string[]> {
  try {
    const live = await cluster.get(name, options.signal)
    return live === undefined ? [] : await explainHealth(cluster, live, options)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof KubernetesError) return []
    throw error
  }
}
