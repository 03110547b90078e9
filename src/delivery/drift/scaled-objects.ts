/** The objects that an autoscaler scales: their `replicas` are its business, and no drift. */
import { textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { DesiredObject, LiveObject } from '../../kubernetes/client/cluster.ts'
import { groupOf } from '../api-group.ts'

/** `<group>/<kind> <namespace>/<name>` of each. The version doesn't matter. */
export type ScaledObjects = ReadonlySet<string>

/** KEDA's object makes a HorizontalPodAutoscaler, but not before it is there itself. */
const SCALERS = new Set(['autoscaling/HorizontalPodAutoscaler', 'keda.sh/ScaledObject'])

/**
 * @param objects of the set, of the cluster, or both. Those that scale nothing are left out.
 * @param namespace of objects that name none.
 */
export function scaledObjects(
  objects: readonly (DesiredObject | LiveObject)[],
  namespace: string,
): ScaledObjects {
  return new Set(
    objects.flatMap((object) => {
      if (!SCALERS.has(`${groupOf(object.apiVersion)}/${object.kind}`)) return []
      const target: Json | undefined = object['spec']
      const name = textAt(target, 'scaleTargetRef', 'name')
      // KEDA's defaults.
      const kind = textAt(target, 'scaleTargetRef', 'kind') ?? 'Deployment'
      const apiVersion = textAt(target, 'scaleTargetRef', 'apiVersion') ?? 'apps/v1'
      return name === undefined
        ? []
        : [
            scaledKey({
              apiVersion,
              kind,
              metadata: { name, namespace: object.metadata.namespace ?? namespace },
            }),
          ]
    }),
  )
}

export function isScaled(
  object: DesiredObject | LiveObject,
  scaled: ScaledObjects,
  namespace: string,
): boolean {
  const { apiVersion, kind, metadata } = object
  return scaled.has(
    scaledKey({
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: metadata.namespace ?? namespace },
    }),
  )
}

function scaledKey({
  apiVersion,
  kind,
  metadata,
}: {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
}): string {
  return `${groupOf(apiVersion)}/${kind} ${metadata.namespace}/${metadata.name}`
}
