/** Finds the objects of a set whose replicas an autoscaler decides: one of the set, or one that is in the cluster. */
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { scaledObjects, type ScaledObjects } from '../drift/scaled-objects.ts'
import type { SetObject } from '../set/object-set.ts'

const AUTOSCALER = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }

/** @throws KubernetesError, but not where autoscalers may not be listed, or the cluster has no such kind. */
export async function findScaled(
  cluster: Cluster,
  objects: readonly SetObject[],
  namespace: string,
): Promise<ScaledObjects> {
  const namespaces = new Set(
    objects.flatMap(({ name, desired }) =>
      name.namespace !== undefined && hasReplicas(desired['spec']) ? [name.namespace] : [],
    ),
  )
  const lists = await Promise.all(
    [...namespaces].map(async (one) =>
      cluster.list(AUTOSCALER, { namespace: one }).catch((error: unknown) => {
        if (error instanceof KubernetesError && ['forbidden', 'no-such-kind'].includes(error.kind))
          return { items: [] }
        throw error
      }),
    ),
  )
  const given = objects.map(({ desired }) => desired)
  return scaledObjects([...given, ...lists.flatMap(({ items }) => items)], namespace)
}

function hasReplicas(spec: unknown): boolean {
  return typeof spec === 'object' && spec !== null && 'replicas' in spec
}
