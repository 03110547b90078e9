/**
 * Finds the objects of a set as the cluster has them. Many objects of one kind in one namespace are listed at once, which
 * takes a few requests instead of one for each object.
 */
import type { Cluster, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { groupsOf, nameKey, type ObjectGroup } from '../health/object-groups.ts'

/** @returns nothing for an object that isn't there. @throws KubernetesError. */
export type FindLive = (name: ObjectName, signal?: AbortSignal) => Promise<LiveObject | undefined>

/** A list may also have objects that aren't in the set, so a few objects are asked for one by one. */
const LISTED_FROM = 50
/** A question for one object tells why, or is allowed. */
const UNLISTED: ReadonlySet<string> = new Set(['forbidden', 'no-such-kind', 'not-found'])

/** @throws KubernetesError where the cluster doesn't answer. */
export async function findLive(
  cluster: Cluster,
  names: readonly ObjectName[],
  signal?: AbortSignal,
): Promise<FindLive> {
  const listed = new Map<string, LiveObject | undefined>()
  for (const group of groupsOf(names)) {
    if (group.names.length < LISTED_FROM) continue
    const items = await listOf(cluster, group, signal)
    if (items === undefined) continue
    const live = new Map(items.map((object) => [object.metadata.name, object]))
    for (const name of group.names) listed.set(nameKey(name), live.get(name.name))
  }
  return async (name, own) => {
    const key = nameKey(name)
    return listed.has(key) ? listed.get(key) : cluster.get(name, own)
  }
}

/** @returns nothing where objects of the kind can't be listed. */
async function listOf(
  cluster: Cluster,
  { kind, namespace }: ObjectGroup,
  signal: AbortSignal | undefined,
): Promise<readonly LiveObject[] | undefined> {
  try {
    return (await cluster.list(kind, { namespace, signal })).items
  } catch (error) {
    if (error instanceof KubernetesError && UNLISTED.has(error.kind)) return undefined
    throw error
  }
}
