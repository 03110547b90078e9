/** Finds whether the kinds of a set have namespaces: the cluster knows, or a CustomResourceDefinition of the set. */
import type { Cluster, DesiredObject } from '../../kubernetes/client/cluster.ts'
import { customKinds } from '../../kubernetes/check/check-objects.ts'
import type { ScopeOf } from './object-set.ts'

/** @throws KubernetesError where the cluster can't be asked. */
export async function findScopes(cluster: Cluster, objects: readonly DesiredObject[]): Promise<ScopeOf> {
  const defined = customKinds(objects)
  const scopes = new Map<string, 'Namespaced' | 'Cluster' | undefined>()
  for (const object of objects) {
    const key = `${object.apiVersion}/${object.kind}`
    if (scopes.has(key)) continue
    const own = defined.get(key)?.scope
    const known = own === undefined ? await cluster.resource(object) : undefined
    scopes.set(key, own ?? (known === undefined ? undefined : known.isNamespaced ? 'Namespaced' : 'Cluster'))
  }
  return ({ apiVersion, kind }) => scopes.get(`${apiVersion}/${kind}`)
}
