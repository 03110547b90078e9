/** Tells whether an object can't be checked yet because something that it needs is part of the same set. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import type { ObjectName } from '../../kubernetes/client/cluster.ts'
import { groupKindOf } from '../set/object-name.ts'
import type { SetObject } from '../set/object-set.ts'

export type Coming = {
  /** Whether the namespace, or the kind, of an object is part of the set. */
  readonly hasPlaceOf: (name: ObjectName) => boolean
  /** Whether the kind of an object is known already, and gets another schema by the set. */
  readonly changesKindOf: (name: ObjectName) => boolean
  /** Whether a refusal names another object of the set that is missing: a role, a class, an account. */
  readonly isMissedBy: (name: ObjectName, message: string) => boolean
}

/** For objects whose set is there already, so that nothing is to come. */
export const NOTHING_COMING: Coming = {
  hasPlaceOf: () => false,
  changesKindOf: () => false,
  isMissedBy: () => false,
}

const MISSING = /not found|not exist|\bno \w+ with name\b/i
/** A word of a message that may be a name: RFC 1123, or that of a role, which may have colons. */
const NAME = /[a-z0-9](?:[-a-z0-9.:]*[a-z0-9])?/gi

/** @param isChanging whether a definition of the set is not in the cluster as the set has it. */
export function comingWith(
  objects: readonly SetObject[],
  isChanging: (definition: SetObject) => boolean = () => false,
): Coming {
  const namespaces = new Set<string>()
  const kinds = new Set<string>()
  const changing = new Set<string>()
  const names = new Set<string>()
  for (const object of objects) {
    const { name, desired } = object
    names.add(name.name)
    if (groupKindOf(name) === 'Namespace') namespaces.add(name.name)
    if (!isDefinition(object)) continue
    const spec = fieldAt(desired, 'spec')
    const kind = `${textAt(spec, 'names', 'kind') ?? ''}.${textAt(spec, 'group') ?? ''}`
    kinds.add(kind)
    if (isChanging(object)) changing.add(kind)
  }
  return {
    hasPlaceOf: (name) =>
      kinds.has(groupKindOf(name)) || (name.namespace !== undefined && namespaces.has(name.namespace)),
    changesKindOf: (name) => changing.has(groupKindOf(name)),
    isMissedBy: ({ name: own }, message) =>
      MISSING.test(message) && (message.match(NAME) ?? []).some((word) => word !== own && names.has(word)),
  }
}

export function isDefinition({ name }: SetObject): boolean {
  return groupKindOf(name) === 'CustomResourceDefinition.apiextensions.k8s.io'
}
