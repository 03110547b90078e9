/**
 * Finds objects of the inventory by a version of their API that the server still has. An upgrade of a cluster, or of a
 * CustomResourceDefinition, may have dropped the version by which an object was applied. The object is there nevertheless.
 */
import type { Cluster, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { groupOf } from '../api-group.ts'

/** Versions that follow, or come before, those that are dropped. */
const VERSIONS = [
  'v1',
  'v2',
  'v3',
  'v1beta1',
  'v1beta2',
  'v1beta3',
  'v2beta1',
  'v2beta2',
  'v1alpha1',
  'v1alpha2',
]

/** @returns the name with a version that the server has; nothing where it has no such kind. */
export async function servedName<Name extends ObjectName>(
  cluster: Cluster,
  name: Name,
): Promise<Name | undefined> {
  if ((await cluster.resource(name)) !== undefined) return name
  const group = groupOf(name.apiVersion)
  if (group === '') return undefined
  for (const version of VERSIONS) {
    const other = { ...name, apiVersion: `${group}/${version}` }
    if ((await cluster.resource(other)) !== undefined) return other
  }
  return undefined
}

/** @returns nothing also where the kind is gone, and its objects with it. @throws KubernetesError. */
export async function getKnown(
  cluster: Cluster,
  name: ObjectName,
  signal?: AbortSignal,
): Promise<LiveObject | undefined> {
  try {
    return await cluster.get(name, signal)
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'no-such-kind') return undefined
    throw error
  }
}
