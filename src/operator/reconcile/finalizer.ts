/** The mark that keeps a profile until its objects were dealt with. */
import { textsAt } from '../../core/json-fields.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import type { DeliveryProfile } from '../definitions/delivery-profile.ts'
import { FINALIZER, FINALIZER_MANAGER, PROFILE_KIND, profileObject } from '../definitions/operator-kinds.ts'

/** Adds the mark; once more does no harm. @throws KubernetesError. */
export async function addFinalizer(
  own: Cluster,
  { name, uid }: DeliveryProfile,
  signal: AbortSignal,
): Promise<void> {
  await own.apply(
    { ...PROFILE_KIND, metadata: { ...name, uid, finalizers: [FINALIZER] } },
    { fieldManager: FINALIZER_MANAGER, force: true, signal },
  )
}

/** @throws KubernetesError. */
export async function removeFinalizer(
  own: Cluster,
  { name, uid }: DeliveryProfile,
  signal: AbortSignal,
): Promise<void> {
  const live = await own.get(profileObject(name), signal)
  if (live === undefined || live.metadata.uid !== uid) return
  const finalizers = textsAt(live.metadata, 'finalizers')
  if (!finalizers.includes(FINALIZER)) return
  await own.patch(
    profileObject(name),
    [
      { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
      { op: 'replace', path: '/metadata/finalizers', value: finalizers.filter((one) => one !== FINALIZER) },
    ],
    signal,
  )
}
