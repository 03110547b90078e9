/**
 * Decides which objects of the inventory may be deleted after they left the set. Only an object that is certainly the one
 * that this set made, and that nobody else claims, is deleted.
 */
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import type { Inventory, InventoryEntry } from '../inventory/inventory.ts'
import { getKnown, servedName } from '../inventory/served-name.ts'
import { OWNER, PRUNE, annotationOf } from '../set/annotations.ts'
import { displayName, groupKindOf } from '../set/object-name.ts'

export type PruneDecision =
  | { readonly kind: 'delete'; readonly entry: InventoryEntry; readonly live: LiveObject }
  /** It is not there any more. */
  | { readonly kind: 'absent'; readonly entry: InventoryEntry }
  /** It stays, and the inventory forgets it. */
  | { readonly kind: 'release'; readonly entry: InventoryEntry; readonly reason: string }
  /** It stays, and the inventory keeps it, until somebody confirms. */
  | { readonly kind: 'protected'; readonly entry: InventoryEntry; readonly reason: string }

export type PruneRules = {
  /** `namespace/name` of the set. */
  readonly owner: string
  /** Names as `displayName` has them, of protected objects that may be deleted. */
  readonly confirmed: ReadonlySet<string>
  /** The namespace that holds the record of a set that goes on. */
  readonly home?: string
}

/** Kinds whose deletion takes with it what no set can bring back. */
const PROTECTED = new Set([
  'CustomResourceDefinition.apiextensions.k8s.io',
  'Namespace',
  'PersistentVolume',
  'PersistentVolumeClaim',
])

/** Decides about each entry. @throws KubernetesError where the cluster can't be asked, or a group doesn't answer. */
export async function decidePrunes(
  cluster: Cluster,
  leaving: Inventory,
  rules: PruneRules,
): Promise<readonly PruneDecision[]> {
  return Promise.all(
    leaving.map(async (entry) => {
      const served = await servedName(cluster, entry)
      if (served === undefined) return decide(entry, undefined, rules)
      return decide(served, await getKnown(cluster, served), rules)
    }),
  )
}

export function decide(
  entry: InventoryEntry,
  live: LiveObject | undefined,
  { owner, confirmed, home }: PruneRules,
): PruneDecision {
  if (live === undefined) return { kind: 'absent', entry }
  const liveOwner = annotationOf(live, OWNER)
  if (entry.uid !== undefined && live.metadata.uid !== entry.uid)
    return { kind: 'release', entry, reason: 'somebody else made another object with this name' }
  if (liveOwner !== owner)
    return {
      kind: 'release',
      entry,
      reason:
        liveOwner === undefined ? `it has no annotation ${OWNER} any more` : `it belongs to ${liveOwner}`,
    }
  if (!entry.isPruned || annotationOf(live, PRUNE) === 'disabled')
    return { kind: 'release', entry, reason: `annotation ${PRUNE} is disabled` }
  if (groupKindOf(entry) === 'Namespace' && entry.name === home)
    return { kind: 'protected', entry, reason: 'it holds the record of the set' }
  if (PROTECTED.has(groupKindOf(entry)) && !confirmed.has(displayName(entry)))
    return { kind: 'protected', entry, reason: `deleting a ${entry.kind} needs a confirmation` }
  return { kind: 'delete', entry, live }
}
