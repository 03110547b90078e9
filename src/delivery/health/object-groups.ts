/** Objects by kind and namespace: each group is one list, or one watch. */
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import type { KindName } from '../../kubernetes/client/discovery.ts'

export type ObjectGroup = {
  readonly kind: KindName
  readonly namespace: string | undefined
  readonly names: readonly ObjectName[]
}

export function groupsOf(names: readonly ObjectName[]): readonly ObjectGroup[] {
  const groups = Map.groupBy(names, ({ apiVersion, kind, namespace }) =>
    JSON.stringify([apiVersion, kind, namespace]),
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { apiVersion, kind, namespace } = first
    return [{ kind: { apiVersion, kind }, namespace, names: group }]
  })
}

/** A text that no other object has. */
export function nameKey({ apiVersion, kind, namespace, name }: ObjectName): string {
  return JSON.stringify([apiVersion, kind, namespace, name])
}
