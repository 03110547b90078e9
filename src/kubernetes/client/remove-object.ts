import type { Json } from '../../core/json.ts'
import type { LiveObject, Removal } from './cluster.ts'
import { KubernetesError } from './kubernetes-error.ts'
import type { KubernetesRequest } from './transport/connection.ts'

/**
 * Removes the object at a path if it has the expected UID.
 * @param ask makes a request. @param get reads the object.
 * @throws KubernetesError `not-found` where it isn't there, and of any other kind.
 */
export async function removeObject(
  path: string,
  { uid, propagation = 'Background', isDryRun = false, signal }: Removal,
  ask: (asked: KubernetesRequest) => Promise<Json>,
  get: () => Promise<LiveObject | undefined>,
): Promise<'removed' | 'absent' | 'another'> {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: propagation,
    preconditions: { uid },
    ...(isDryRun ? { dryRun: ['All'] } : {}),
  })
  try {
    await ask({ method: 'DELETE', path, body, signal })
    return 'removed'
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.kind !== 'conflict') throw error
    // It has another UID, or it is a namespace that is being removed already.
    const there = await get()
    if (there === undefined) return 'absent'
    if (there.metadata.uid !== uid) return 'another'
    if (there.metadata['deletionTimestamp'] !== undefined) return 'removed'
    throw error
  }
}
