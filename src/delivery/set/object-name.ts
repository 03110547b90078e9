/** Names of objects: as people read them, and as keys. A group and kind is the same thing in each of its versions. */
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import { groupOf } from '../api-group.ts'

/** `Deployment shop/web`, and `ClusterRole reader` for an object of the whole cluster. */
export function displayName({
  kind,
  namespace,
  name,
}: Pick<ObjectName, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** Equal for two names exactly if they mean the same object, whatever version of the API they use. */
export function keyOf({ apiVersion, kind, namespace, name }: ObjectName): string {
  return JSON.stringify([groupOf(apiVersion), kind, namespace ?? '', name])
}

/** `Deployment.apps`, `Pod` */
export function groupKindOf({ apiVersion, kind }: Pick<ObjectName, 'apiVersion' | 'kind'>): string {
  const group = groupOf(apiVersion)
  return group === '' ? kind : `${kind}.${group}`
}
