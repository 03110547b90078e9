/** The author of deliveries in the record of a set, by which two profiles see that they want the same one. */
import type { DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import { ProfileError } from './describe-failure.ts'
import type { OperatorContext } from './operator-context.ts'

const PREFIX = 'DeliveryProfile '

export function authorOf(
  { namespace, name }: SetName,
  { ownIdentity }: Pick<OperatorContext, 'ownIdentity'>,
): string {
  return `${PREFIX}${namespace}/${name} of cluster ${ownIdentity}`
}

/**
 * A set that somebody delivered by hand is taken over. One of another profile is not.
 * @throws ProfileError `OwnedByAnother`.
 */
export function assertOwnRecord(
  record: DeliveryRecord | undefined,
  profile: SetName,
  context: Pick<OperatorContext, 'ownIdentity'>,
): void {
  const by = record?.attempt?.by ?? record?.history.at(-1)?.by
  if (record === undefined || by === undefined || !by.startsWith(PREFIX) || by === authorOf(profile, context))
    return
  const set = `${record.name.namespace}/${record.name.name}`
  throw new ProfileError(
    'OwnedByAnother',
    `the set ${set} of the target belongs to ${by}: give one of the two another name, or another spec.targetNamespace`,
  )
}
