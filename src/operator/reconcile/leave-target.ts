/**
 * Moves a profile from one target to another. The old place is written to the status before anything is delivered to the
 * new one, so that its objects are pruned, or reported, however often the operator ends meanwhile.
 */
import { deleteSet } from '../../delivery/delete-set.ts'
import { DeliveryError } from '../../delivery/delivery-error.ts'
import type { SetName } from '../../delivery/set/object-set.ts'
import type { DeliveryProfile, ProfileSpec } from '../definitions/delivery-profile.ts'
import type { DeliveredTarget } from '../status/profile-status.ts'
import { describeFailure, ProfileError } from './describe-failure.ts'
import type { OperatorContext } from './operator-context.ts'
import type { ProfileReport } from './profile-report.ts'

/** Writes down where objects will be, before they are. @throws ProfileError `TargetChanged`, KubernetesError. */
export async function moveTo(
  cluster: string,
  { target }: ProfileSpec,
  report: ProfileReport,
  signal: AbortSignal,
): Promise<void> {
  const next: DeliveredTarget = { ...target, cluster }
  const { target: before, leftAt } = report.status
  const isMoved = before !== undefined && !isSamePlace(before, next)
  if (isMoved && report.profile.deletionPolicy === 'refuse')
    throw new ProfileError(
      'TargetChanged',
      `objects are in ${describeTarget(before)}, and spec.deletionPolicy is refuse: set it to prune or orphan to move them`,
    )
  const left = [...leftAt, ...(isMoved ? [before] : [])].filter((one) => !isSamePlace(one, next))
  report.set({ target: next, leftAt: left })
  if (before === undefined || isMoved) await report.write(signal)
}

/** Prunes, or lets go of, objects at earlier targets. Those that can't be pruned now are tried again. */
export async function leaveTargets(
  profile: DeliveryProfile,
  report: ProfileReport,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<void> {
  const remaining: DeliveredTarget[] = []
  for (const [i, left] of report.status.leftAt.entries()) {
    if (profile.deletionPolicy === 'orphan') {
      report.event(
        'Normal',
        'Orphaned',
        `objects stay in ${describeTarget(left)}, as spec.deletionPolicy says`,
      )
      continue
    }
    try {
      const messages = await pruneTarget(`${report.key} left ${i}`, left, profile, signal, context)
      if (messages.length === 0) {
        report.event('Normal', 'Pruned', `objects are gone from ${describeTarget(left)}`)
        continue
      }
      report.event('Warning', 'ObjectsLeft', `in ${describeTarget(left)}: ${messages.join('; ')}`)
    } catch (error) {
      signal.throwIfAborted()
      const { message } = describeFailure(error)
      report.event('Warning', 'ObjectsLeft', `objects are still in ${describeTarget(left)}: ${message}`)
    }
    remaining.push(left)
  }
  report.set({ leftAt: remaining })
}

/** @returns messages about objects that stay. @throws DeliveryError, KubernetesError, ProfileError `OtherCluster`. */
export async function pruneTarget(
  user: string,
  place: DeliveredTarget,
  { name, spec }: DeliveryProfile,
  signal: AbortSignal,
  { targets }: OperatorContext,
): Promise<readonly string[]> {
  try {
    const { cluster } = await targets.open(user, place, name, signal)
    if ((await cluster.identity()) !== place.cluster)
      throw new ProfileError(
        'OtherCluster',
        `${cluster.server} is another cluster than ${describeTarget(place)}`,
      )
    const set: SetName = { namespace: place.namespace, name: name.name }
    return await deleteSet(cluster, {
      name: set,
      isOrphaning: false,
      confirmed: typeof spec === 'string' ? new Set() : spec.confirmed,
      isDryRun: false,
      goneMs: GONE_MS,
      onEvent: () => undefined,
      signal,
    })
  } catch (error) {
    if (error instanceof DeliveryError && error.kind === 'not-found') return []
    throw error
  } finally {
    targets.release(user)
  }
}

/** Milliseconds that the objects of a kind may take to go. */
const GONE_MS = 60_000

export function describeTarget({ kubeconfig, namespace }: DeliveredTarget): string {
  return kubeconfig === undefined
    ? `namespace ${namespace} of this cluster`
    : `namespace ${namespace} of the cluster of Secret ${kubeconfig.name}`
}

function isSamePlace(one: DeliveredTarget, other: DeliveredTarget): boolean {
  return one.cluster === other.cluster && one.namespace === other.namespace
}
