/** The names of the operator's own kinds, and of the marks that it leaves on them. */
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import type { SetName } from '../../delivery/set/object-set.ts'

const API_VERSION = 'pushless.internal/v1alpha1'
export const PROFILE_KIND = { apiVersion: API_VERSION, kind: 'DeliveryProfile' }
export const SET_KIND = { apiVersion: API_VERSION, kind: 'DeliverySet' }
export const PROFILE_DEFINITION = 'deliveryprofiles.pushless.internal'
/** Keeps a profile until its objects were dealt with. */
export const FINALIZER = 'pushless.internal/delivery'
/**
 * The owners of the fields that the operator writes to its own kinds. Each writer has its own name, since an apply gives up
 * the fields that the same name applied before.
 */
export const STATUS_MANAGER = 'pushless-operator-status'
export const FINALIZER_MANAGER = 'pushless-operator-finalizer'
export const SET_MANAGER = 'pushless-operator-set'
/** The DeliverySet that made a profile. */
export const SET_LABEL = 'pushless.internal/delivery-set'

export function profileObject({ namespace, name }: SetName): ObjectName {
  return { ...PROFILE_KIND, namespace, name }
}

export function keyOfName({ namespace, name }: SetName): string {
  return `${namespace}/${name}`
}

export function nameOfKey(key: string): SetName {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
