/**
 * Deletes objects that left the set: those that need others first, kind by kind, and each only with its UID. Objects of a
 * kind must be gone before the next kind: a custom resource with a finalizer needs its controller to the end.
 */
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import { textsAt } from '../../core/json-fields.ts'
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { getKnown } from '../inventory/served-name.ts'
import type { InventoryEntry } from '../inventory/inventory.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { isRefusal } from '../plan/server-problem.ts'
import { rankOf } from '../plan/stages.ts'
import { displayName } from '../set/object-name.ts'
import type { PruneDecision } from './prune-decision.ts'

type Deletion = Extract<PruneDecision, { readonly kind: 'delete' }>

export type Pruning = {
  /** Milliseconds that the objects of a kind may take to go. */
  readonly goneMs: number
  /** Hears of each object that was there and is deleted now. */
  readonly onDeleted: (entry: InventoryEntry) => void
  readonly signal?: AbortSignal | undefined
}

/** Deletions at once, of one kind. */
const AT_ONCE = 8
const FIRST_LOOK_MS = 100
const MAX_LOOK_MS = 2_000

/** An object that is being deleted and is still there, or that the server doesn't delete. */
export type Staying = { readonly entry: InventoryEntry; readonly message: string }

/**
 * @returns objects that are still there. Nothing of the kinds after them was deleted.
 * @throws KubernetesError where the cluster doesn't answer.
 */
export async function pruneObjects(
  cluster: Cluster,
  decisions: readonly PruneDecision[],
  { goneMs, onDeleted, signal }: Pruning,
): Promise<readonly Staying[]> {
  const deletions = decisions.filter((one): one is Deletion => one.kind === 'delete')
  const ranks = Map.groupBy(deletions, ({ entry }) => rankOf(entry))
  const limit = pLimit(AT_ONCE)
  const sorted = [...ranks.keys()].toSorted((a, b) => b - a)
  for (const rank of sorted) {
    signal?.throwIfAborted()
    const members = ranks.get(rank) ?? []
    const refused = (
      await Promise.all(
        members.map(async ({ entry, live }) =>
          limit(async (): Promise<readonly Staying[]> => {
            try {
              const removed = await cluster.remove(entry, { uid: live.metadata.uid, signal })
              if (removed === 'removed') onDeleted(entry)
              return []
            } catch (error) {
              if (!(error instanceof KubernetesError) || !isRefusal(error)) throw error
              return [{ entry, message: `${displayName(entry)} can't be deleted: ${error.message}` }]
            }
          }),
        ),
      )
    ).flat()
    if (refused.length > 0) return refused
    // Nothing needs the last to be gone, but a finalizer may keep an object for ever, which people should know.
    const isLast = rank === sorted.at(-1)
    const awaited = isLast ? members.filter(({ live }) => finalizersOf(live).length > 0) : members
    const staying = await stillThere(cluster, awaited, goneMs, signal)
    if (staying.length > 0) return staying
  }
  return []
}

/** Waits until all are gone, or the time is over. @returns those that are there. */
async function stillThere(
  cluster: Cluster,
  members: readonly Deletion[],
  goneMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly Staying[]> {
  if (members.length === 0) return []
  const end = performance.now() + goneMs
  let waiting = members
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(MAX_LOOK_MS, pause * 2)) {
    const looked = await Promise.all(
      waiting.map(async (one) => ({ one, live: await getKnown(cluster, one.entry, signal) })),
    )
    const present = looked.filter(({ one, live }) => live?.metadata.uid === one.live.metadata.uid)
    if (present.length === 0) return []
    waiting = present.map(({ one }) => one)
    if (performance.now() + pause > end)
      return present.map(({ one: { entry }, live }) => {
        const finalizers = finalizersOf(live)
        const reason = finalizers.length === 0 ? '' : `: it waits for ${finalizers.join(', ')}`
        return { entry, message: `${displayName(entry)} is still being deleted${reason}` }
      })
    await delay(pause, undefined, { signal })
  }
}

function finalizersOf(live: LiveObject | undefined): readonly string[] {
  return textsAt(live, 'metadata', 'finalizers')
}
