/** Keeps the objects of generations in the cluster, finds them again, and removes those that are no longer kept. */
import type { Cluster, LiveObject } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { DeliveryError } from '../delivery-error.ts'
import type { GivenObject, SetName, SetObject } from '../set/object-set.ts'
import {
  SNAPSHOT_LABEL,
  isPartOf,
  partsOf,
  readSnapshot,
  snapshotName,
  writeSnapshot,
  type SnapshotOf,
} from './snapshot.ts'

const SECRET = { apiVersion: 'v1', kind: 'Secret' }

/** The part 0 is written last, so a snapshot is whole as soon as it is found. @throws KubernetesError. */
export async function saveSnapshot(
  cluster: Cluster,
  name: SetName,
  snapshot: SnapshotOf,
  objects: readonly SetObject[],
): Promise<void> {
  // Its name holds its content, so one that is there needn't be written again.
  if ((await cluster.get(snapshotName(name, snapshot, 0))) !== undefined) return
  for (const part of writeSnapshot(name, snapshot, objects).toReversed()) {
    try {
      await cluster.create(part)
    } catch (error) {
      // Left by a delivery that was killed.
      if (!(error instanceof KubernetesError) || error.kind !== 'already-exists') throw error
    }
  }
}

/** @throws DeliveryError `not-found` where the generation isn't kept, `invalid` where it can't be read. */
export async function loadSnapshot(
  cluster: Cluster,
  name: SetName,
  snapshot: SnapshotOf,
): Promise<readonly GivenObject[]> {
  const { generation } = snapshot
  const first = await cluster.get(snapshotName(name, snapshot, 0))
  if (first === undefined)
    throw new DeliveryError(
      'not-found',
      `generation ${generation} of ${name.namespace}/${name.name} is not kept`,
    )
  const numbers = Array.from({ length: partsOf(first) - 1 }, (_, i) => i + 1)
  const others = await Promise.all(
    numbers.map(async (part) => cluster.get(snapshotName(name, snapshot, part))),
  )
  try {
    return readSnapshot([first, ...others.filter((part) => part !== undefined)], generation)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const secret = `Secret ${name.namespace}/${first.metadata.name}`
    throw new DeliveryError('invalid', `${secret} can't be read: ${cause.message}`, { cause })
  }
}

/** Removes the snapshots of these generations. @throws KubernetesError. */
export async function removeSnapshots(
  cluster: Cluster,
  name: SetName,
  snapshots: readonly SnapshotOf[],
): Promise<void> {
  for (const snapshot of snapshots) {
    const first = await cluster.get(snapshotName(name, snapshot, 0))
    if (first === undefined) continue
    // Part 0 goes last: it alone knows how many there are.
    for (let part = partsOf(first) - 1; part >= 1; part--) {
      const live = await cluster.get(snapshotName(name, snapshot, part))
      if (live !== undefined) await removePart(cluster, live)
    }
    await removePart(cluster, first)
  }
}

/** Removes all snapshots of a set but these, also those of deliveries that were killed. @throws KubernetesError. */
export async function removeOtherSnapshots(
  cluster: Cluster,
  name: SetName,
  kept: readonly SnapshotOf[],
): Promise<void> {
  const labelSelector = `${SNAPSHOT_LABEL}=${name.name}`
  const { items } = await cluster.list(SECRET, { namespace: name.namespace, labelSelector })
  for (const part of items) if (!isPartOf(part, name, kept)) await removePart(cluster, part)
}

async function removePart(
  cluster: Cluster,
  { metadata: { name, namespace, uid } }: LiveObject,
): Promise<void> {
  await cluster.remove({ ...SECRET, namespace, name }, { uid })
}
