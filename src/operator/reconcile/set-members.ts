/** The profiles that a DeliverySet wants: one for each of its profiles and each of its clusters. */
import { createHash } from 'node:crypto'
import { textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { DesiredObject } from '../../kubernetes/client/cluster.ts'
import type { SecretKey } from '../definitions/delivery-profile.ts'
import type { DeliverySet, SetProfile } from '../definitions/delivery-set.ts'
import { PROFILE_KIND, SET_KIND, SET_LABEL } from '../definitions/operator-kinds.ts'

export type Member = {
  readonly cluster: string
  readonly desired: DesiredObject
  /** Tells whether a profile has the last change. */
  readonly digest: string
}

/** The digest of the spec that the set gave a profile. */
const DIGEST = 'pushless.internal/spec'
/** The characters of a label of DNS: the name of a profile is one. */
const MAX_NAME = 63
const HASH_LENGTH = 8

/** @param clusters in the order in which they get a change. */
export function membersOf(set: DeliverySet, clusters: readonly SecretKey[]): readonly Member[] {
  return clusters.flatMap((cluster) => set.profiles.map((profile) => memberOf(set, profile, cluster)))
}

export function digestOf(live: Json): string | undefined {
  return textAt(live, 'metadata', 'annotations', DIGEST)
}

function memberOf(set: DeliverySet, { name, fields, dependsOn }: SetProfile, cluster: SecretKey): Member {
  const spec = {
    ...fields,
    target: { kubeConfig: { secretRef: { name: cluster.name, key: cluster.key } } },
    ...(dependsOn.length === 0
      ? {}
      : { dependsOn: dependsOn.map((one) => ({ name: memberName(set.name.name, one, cluster.name) })) }),
  }
  const digest = createHash('sha256').update(JSON.stringify(spec)).digest('hex')
  const { apiVersion, kind } = SET_KIND
  return {
    cluster: cluster.name,
    digest,
    desired: {
      ...PROFILE_KIND,
      metadata: {
        namespace: set.name.namespace,
        name: memberName(set.name.name, name, cluster.name),
        labels: { [SET_LABEL]: set.name.name },
        annotations: { [DIGEST]: digest },
        ownerReferences: [
          {
            apiVersion,
            kind,
            name: set.name.name,
            uid: set.live.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec,
    },
  }
}

/** The same for each change, so that objects stay the same ones when a version becomes another. */
function memberName(set: string, profile: string, cluster: string): string {
  const name = [set, profile, cluster.replaceAll('.', '-')].join('-')
  if (name.length <= MAX_NAME && !cluster.includes('.')) return name
  const hash = createHash('sha256')
    .update(JSON.stringify([set, profile, cluster]))
    .digest('hex')
  return `${name.slice(0, MAX_NAME - HASH_LENGTH - 1).replace(/-+$/, '')}-${hash.slice(0, HASH_LENGTH)}`
}
