/** Profiles that wait for others. */
import { fieldAt } from '../../core/json-fields.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { readProfile, type DeliveryProfile } from '../definitions/delivery-profile.ts'
import { keyOfName } from '../definitions/operator-kinds.ts'
import { conditionOf, readConditions } from '../status/conditions.ts'

export type Blocked = { readonly reason: 'DependencyCycle' | 'DependencyNotReady'; readonly message: string }

type FindProfile = (name: SetName) => LiveObject | undefined

/** @returns nothing where all that the profile depends on is ready. */
export function findBlocking(profile: DeliveryProfile, find: FindProfile): Blocked | undefined {
  const cycle = cycleFrom(profile, find)
  if (cycle !== undefined)
    return { reason: 'DependencyCycle', message: `spec.dependsOn goes in a circle: ${cycle.join(' → ')}` }
  for (const name of dependenciesOf(profile)) {
    const other = find(name)
    if (other === undefined)
      return { reason: 'DependencyNotReady', message: `DeliveryProfile ${keyOfName(name)} is not there` }
    if (!isReady(other))
      return { reason: 'DependencyNotReady', message: `DeliveryProfile ${keyOfName(name)} is not ready` }
  }
  return undefined
}

/** Whether a profile was delivered as its spec is now. */
export function isReady(live: LiveObject): boolean {
  const status = fieldAt(live, 'status')
  const ready = conditionOf(readConditions(status), 'Ready')
  return ready?.status === 'True' && ready.observedGeneration === live.metadata['generation']
}

export function dependenciesOf({ spec }: DeliveryProfile): readonly SetName[] {
  return typeof spec === 'string' ? [] : spec.dependsOn
}

/** The way from a profile back to itself. */
function cycleFrom(profile: DeliveryProfile, find: FindProfile): readonly string[] | undefined {
  const start = keyOfName(profile.name)
  const seen = new Set<string>()
  const visit = (one: DeliveryProfile, way: readonly string[]): readonly string[] | undefined => {
    for (const name of dependenciesOf(one)) {
      const key = keyOfName(name)
      if (key === start) return [...way, key]
      const next = seen.has(key) ? undefined : find(name)
      seen.add(key)
      const found = next === undefined ? undefined : visit(readProfile(next), [...way, key])
      if (found !== undefined) return found
    }
    return undefined
  }
  return visit(profile, [start])
}
