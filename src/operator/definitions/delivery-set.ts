/** Reads a DeliverySet into typed values. */
import { fieldAt, listAt, textAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import type { SecretKey } from './delivery-profile.ts'

/** A profile that each cluster gets. */
export type SetProfile = {
  readonly name: string
  /** Fields of `spec` of a DeliveryProfile, without its target and what it depends on. */
  readonly fields: { readonly [field: string]: Json }
  /** Names of profiles of the same set. */
  readonly dependsOn: readonly string[]
}

export type DeliverySet = {
  readonly name: SetName
  readonly generation: number
  readonly isDeleting: boolean
  readonly profiles: readonly SetProfile[]
  readonly secrets: readonly SecretKey[]
  readonly selector: { readonly labels: string; readonly key: string } | undefined
  readonly atOnce: number
  readonly stopsAtFailure: boolean
  readonly isSuspended: boolean
  readonly live: LiveObject
}

const DEFAULT_KEY = 'value'

export function readSet(live: LiveObject): DeliverySet {
  const { metadata } = live
  const spec = fieldAt(live, 'spec')
  const generation = metadata['generation']
  const atOnce = fieldAt(spec, 'rollout', 'atOnce')
  const labels = fieldAt(spec, 'clusters', 'selector', 'matchLabels')
  return {
    name: { namespace: metadata.namespace ?? '', name: metadata.name },
    generation: typeof generation === 'number' ? generation : 0,
    isDeleting: metadata['deletionTimestamp'] !== undefined,
    profiles: listAt(spec, 'profiles').flatMap((one) => (isObject(one) ? [readSetProfile(one)] : [])),
    secrets: listAt(spec, 'clusters', 'secrets').map((one) => ({
      name: textAt(one, 'name') ?? '',
      key: textAt(one, 'key') ?? DEFAULT_KEY,
    })),
    selector: isObject(labels)
      ? {
          labels: Object.entries(labels)
            .map(([name, value]) => `${name}=${typeof value === 'string' ? value : ''}`)
            .join(','),
          key: textAt(spec, 'clusters', 'selector', 'key') ?? DEFAULT_KEY,
        }
      : undefined,
    atOnce: typeof atOnce === 'number' ? Math.max(1, atOnce) : 1,
    stopsAtFailure: fieldAt(spec, 'rollout', 'stopAtFirstFailure') !== false,
    isSuspended: fieldAt(spec, 'suspend') === true,
    live,
  }
}

function readSetProfile({ name, dependsOn = [], ...fields }: { readonly [field: string]: Json }): SetProfile {
  return {
    name: typeof name === 'string' ? name : '',
    fields,
    dependsOn: listAt({ dependsOn }, 'dependsOn').flatMap((one) => textAt(one, 'name') ?? []),
  }
}
