/**
 * A set of objects that is delivered as one: a name, a revision, and objects of which each is named once. The set is
 * made before the cluster changes, and what is wrong with any object is reported with its place in the source.
 */
import { isObject, type Json } from '../../core/json.ts'
import type { DesiredObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import type { Path } from '../../kubernetes/check/problem.ts'
import { OWNER, wishesOf, type DeliveryWishes } from './annotations.ts'
import { displayName, keyOf } from './object-name.ts'

/** An object as its author gives it. */
export type GivenObject = {
  readonly object: DesiredObject
  /** `result/web.yaml:12`, for a field of the object. */
  readonly placeOf: (path: Path) => string
}

export type SetName = { readonly namespace: string; readonly name: string }

export type SetObject = GivenObject &
  DeliveryWishes & {
    readonly name: ObjectName
    /** Sent to the server: with its namespace and its owner, and without fields that only the server sets. */
    readonly desired: DesiredObject
  }

export type ObjectSet = {
  readonly name: SetName
  /** The origin of the objects: a store path where there is one. */
  readonly revision: string
  readonly objects: readonly SetObject[]
}

/** A fault of an object, or of the set where no name is given. */
export type DeliveryProblem = {
  readonly object?: ObjectName
  readonly place?: string
  readonly message: string
}

/** Tells whether objects of a kind have a namespace. `undefined`: nobody knows the kind. */
export type ScopeOf = (object: DesiredObject) => 'Namespaced' | 'Cluster' | undefined

/** RFC 1123 label; the record's name is `pushless-<name>-<generation>-<part>` at most. */
const SET_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
/** Fields of metadata that the server alone sets. A dump of `kubectl get -o yaml` has them. */
const OF_THE_SERVER = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
])

/** @returns a message about a name that can't be used. */
export function faultOfSetName(name: string): string | undefined {
  return SET_NAME.test(name)
    ? undefined
    : `${JSON.stringify(name)} is no name of a set: expected at most 63 of a-z, 0-9 and -, such as "web"`
}

/**
 * Makes a set of the objects that are given.
 * @param namespace for objects that name none.
 */
export function makeSet(
  given: readonly GivenObject[],
  {
    name,
    revision,
    namespace,
    scopeOf,
  }: {
    readonly name: SetName
    readonly revision: string
    readonly namespace: string
    readonly scopeOf: ScopeOf
  },
): { readonly set: ObjectSet; readonly problems: readonly DeliveryProblem[] } {
  const problems: DeliveryProblem[] = []
  const objects = new Map<string, SetObject>()
  for (const one of given) {
    const made = setObject(one, { owner: `${name.namespace}/${name.name}`, namespace, scopeOf })
    if (typeof made === 'string') {
      problems.push({ place: one.placeOf([]), object: nameIn(one.object, undefined), message: made })
      continue
    }
    const key = keyOf(made.name)
    const first = objects.get(key)
    if (first === undefined) objects.set(key, made)
    else
      problems.push({
        place: one.placeOf([]),
        object: made.name,
        message: `is there twice: first in ${first.placeOf([])}`,
      })
  }
  return { set: { name, revision, objects: [...objects.values()] }, problems }
}

function setObject(
  given: GivenObject,
  {
    owner,
    namespace,
    scopeOf,
  }: { readonly owner: string; readonly namespace: string; readonly scopeOf: ScopeOf },
): SetObject | string {
  const { object } = given
  const { metadata } = object
  if ('generateName' in metadata)
    return 'has generateName: each delivery would make another object; give it a metadata.name'
  const scope = scopeOf(object)
  if (scope === undefined)
    return `the cluster has no kind ${object.kind} of ${object.apiVersion}, and no CustomResourceDefinition of this set defines it`
  const wishes = wishesOf(object)
  if (typeof wishes === 'string') return wishes
  const name = nameIn(object, scope === 'Cluster' ? undefined : (metadata.namespace ?? namespace))
  return { ...given, ...wishes, name, desired: desiredOf(object, name, owner) }
}

function nameIn({ apiVersion, kind, metadata }: DesiredObject, namespace: string | undefined): ObjectName {
  return { apiVersion, kind, namespace, name: metadata.name }
}

function desiredOf(object: DesiredObject, { namespace }: ObjectName, owner: string): DesiredObject {
  const { status: _, metadata, ...fields } = withSecretData(object)
  const { namespace: _namespace, annotations, ...others } = metadata
  const kept = Object.entries(others).filter(([key]) => !OF_THE_SERVER.has(key))
  const known = isObject(annotations) ? annotations : {}
  return {
    ...fields,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...Object.fromEntries(kept),
      name: metadata.name,
      ...(namespace === undefined ? {} : { namespace }),
      annotations: { ...known, [OWNER]: owner },
    },
  }
}

/**
 * Moves a Secret's texts to its data, as the server does. Sent as `stringData` they would belong to nobody, and a key that
 * leaves the set would stay.
 */
function withSecretData(object: DesiredObject): DesiredObject {
  const { stringData, ...fields } = object
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isObject(stringData)) return object
  const texts = Object.entries(stringData).map(([key, text]) => [
    key,
    typeof text === 'string' ? Buffer.from(text).toString('base64') : text,
  ])
  const data = isObject(object['data']) ? object['data'] : {}
  return {
    ...fields,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: object.metadata,
    data: { ...data, ...(Object.fromEntries(texts) as { readonly [key: string]: Json }) },
  }
}

/** `result/web.yaml:12: Deployment shop/web: …` */
export function describeProblem({ object, place, message }: DeliveryProblem): string {
  return [place, object === undefined ? undefined : displayName(object), message]
    .filter((part) => part !== undefined)
    .join(': ')
}
