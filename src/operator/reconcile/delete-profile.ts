/**
 * Lets a profile go: its objects are pruned, stay, or hold it, as its policy says. They stay in any case where not the
 * profile was deleted, but the kind or the namespace around it: who removes the operator keeps the applications.
 */
import type { Cluster, ObjectName } from '../../kubernetes/client/cluster.ts'
import { readProfile, type DeliveryProfile } from '../definitions/delivery-profile.ts'
import { keyOfName, PROFILE_DEFINITION } from '../definitions/operator-kinds.ts'
import type { Outcome } from '../queue/work-queue.ts'
import { dependenciesOf } from './dependencies.ts'
import { describeFailure } from './describe-failure.ts'
import { removeFinalizer } from './finalizer.ts'
import { describeTarget, pruneTarget } from './leave-target.ts'
import type { OperatorContext } from './operator-context.ts'
import type { ProfileReport } from './profile-report.ts'

const DEFAULT_RETRY_MS = 60_000

/** @throws KubernetesError where the operator's own cluster doesn't answer. */
export async function deleteProfile(
  profile: DeliveryProfile,
  report: ProfileReport,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<Outcome> {
  if (!profile.hasFinalizer) return { kind: 'done', againMs: undefined }
  const places = [
    ...(report.status.target === undefined ? [] : [report.status.target]),
    ...report.status.leftAt,
  ]
  const retryMs = typeof profile.spec === 'string' ? DEFAULT_RETRY_MS : profile.spec.retryIntervalMs
  if (places.length === 0) return end(profile, report, signal, context)
  const around =
    profile.deletionPolicy === 'orphan' ? undefined : await findRemovedAround(context.own, profile, signal)
  if (profile.deletionPolicy === 'orphan' || around !== undefined) {
    const why =
      around === undefined
        ? 'spec.deletionPolicy is orphan'
        : `${around} is being removed, not the profile alone`
    report.event('Normal', 'Orphaned', `objects stay in ${places.map(describeTarget).join(' and ')}: ${why}`)
    return end(profile, report, signal, context)
  }
  if (profile.deletionPolicy === 'refuse') {
    await stall(report, 'DeletionRefused', 'spec.deletionPolicy is refuse: set it to prune or orphan', signal)
    return { kind: 'done', againMs: undefined }
  }
  const dependent = dependentOf(profile, context)
  if (dependent !== undefined) {
    await stall(
      report,
      'DependentsFirst',
      `DeliveryProfile ${dependent} depends on this one, and goes first`,
      signal,
    )
    return { kind: 'failed', maxPauseMs: retryMs }
  }
  context.targets.release(report.key)
  for (const [i, place] of places.entries()) {
    try {
      const messages = await pruneTarget(`${report.key} deleted ${i}`, place, profile, signal, context)
      if (messages.length === 0) continue
      const advice = 'confirm them by spec.confirm, or set spec.deletionPolicy to orphan'
      await stall(report, 'ObjectsLeft', `${messages.join('; ')}: ${advice}`, signal)
    } catch (error) {
      signal.throwIfAborted()
      const { reason, message } = describeFailure(error)
      context.metrics.failed(reason)
      const advice =
        'the profile stays until its objects are gone; spec.deletionPolicy: orphan lets it go at once'
      await stall(report, reason, `${describeTarget(place)}: ${message}: ${advice}`, signal)
    }
    return { kind: 'failed', maxPauseMs: retryMs }
  }
  report.event('Normal', 'Pruned', `objects are gone from ${places.map(describeTarget).join(' and ')}`)
  return end(profile, report, signal, context)
}

async function end(
  profile: DeliveryProfile,
  report: ProfileReport,
  signal: AbortSignal,
  { own, targets, status }: OperatorContext,
): Promise<Outcome> {
  await removeFinalizer(own, profile, signal)
  targets.release(report.key)
  status.forget(profile.live)
  return { kind: 'done', againMs: undefined }
}

async function stall(
  report: ProfileReport,
  reason: string,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  report.conditions(
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  )
  report.event('Warning', reason, message)
  await report.write(signal)
}

/** @returns the name of what is being removed around the profile. @throws KubernetesError where that isn't known. */
async function findRemovedAround(
  own: Cluster,
  { name }: DeliveryProfile,
  signal: AbortSignal,
): Promise<string | undefined> {
  const around: readonly ObjectName[] = [
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      namespace: undefined,
      name: PROFILE_DEFINITION,
    },
    { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: name.namespace },
  ]
  for (const one of around) {
    const live = await own.get(one, signal)
    if (live === undefined || live.metadata['deletionTimestamp'] !== undefined)
      return `${one.kind} ${one.name}`
  }
  return undefined
}

/** A profile that is being deleted too, and that depends on this one. */
function dependentOf({ name }: DeliveryProfile, { profiles }: OperatorContext): string | undefined {
  const key = keyOfName(name)
  const dependent = profiles()
    .map(readProfile)
    .find((one) => one.isDeleting && dependenciesOf(one).some((needed) => keyOfName(needed) === key))
  return dependent === undefined ? undefined : keyOfName(dependent.name)
}
