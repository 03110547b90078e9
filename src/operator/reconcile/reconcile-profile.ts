/** Reconciles one DeliveryProfile: from its spec to objects in the target, and back to its status. */
import type { Outcome } from '../queue/work-queue.ts'
import { DUE } from '../queue/work-queue.ts'
import { readProfile, type DeliveryProfile, type ProfileSpec } from '../definitions/delivery-profile.ts'
import { conditionOf } from '../status/conditions.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import { correctDrift } from './correct-drift.ts'
import { deleteProfile } from './delete-profile.ts'
import { deliverProfile } from './deliver-profile.ts'
import { findBlocking } from './dependencies.ts'
import { describeFailure, type Failure } from './describe-failure.ts'
import { addFinalizer } from './finalizer.ts'
import { leaveTargets } from './leave-target.ts'
import type { OperatorContext } from './operator-context.ts'
import { ProfileReport } from './profile-report.ts'

/** The reasons that a profile is worked on for, beside DUE. Others name an object that may have drifted. */
export const CHANGED = 'changed'
export const DEPENDENCY = 'dependency'
const FULL: ReadonlySet<string> = new Set([CHANGED, DEPENDENCY, DUE])

const STOPPED: Outcome = { kind: 'done', againMs: undefined }

/** @throws KubernetesError where the operator's own cluster doesn't answer. */
export async function reconcileProfile(
  live: LiveObject,
  reasons: ReadonlySet<string>,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<Outcome> {
  const profile = readProfile(live)
  const report = new ProfileReport(profile, context)
  try {
    return await reconcile(profile, reasons, report, signal, context)
  } catch (error) {
    // A newer spec, or the end of this process: the next look tells about it.
    if (signal.aborted) return STOPPED
    const failure = describeFailure(error)
    context.metrics.failed(failure.reason)
    if (failure.reason === 'Defect')
      context.log.error({ err: error, profile: report.key }, 'a profile failed')
    tellFailure(report, failure)
    await report.write(signal)
    const { spec } = profile
    if (typeof spec === 'string') return { kind: 'failed', maxPauseMs: RETRY_MS }
    // Trying soon again is of no use where the profile or its source has to change first.
    return failure.mayPass
      ? { kind: 'failed', maxPauseMs: spec.retryIntervalMs }
      : { kind: 'done', againMs: spec.intervalMs }
  }
}

const RETRY_MS = 60_000

async function reconcile(
  profile: DeliveryProfile,
  reasons: ReadonlySet<string>,
  report: ProfileReport,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<Outcome> {
  if (profile.isDeleting) return deleteProfile(profile, report, signal, context)
  if (profile.isSuspended) return suspend(report, signal, context)
  const { spec } = profile
  if (typeof spec === 'string') {
    tellFailure(report, { reason: 'InvalidSpec', message: spec, isStalled: true, isOfSource: false })
    await report.write(signal)
    return STOPPED
  }
  if (!profile.hasFinalizer) await addFinalizer(context.own, profile, signal)
  const blocked = findBlocking(profile, context.profile)
  if (blocked !== undefined) {
    tellFailure(report, { ...blocked, isStalled: blocked.reason === 'DependencyCycle', isOfSource: false })
    await report.write(signal)
    // A change of the other profile comes here by itself.
    return { kind: 'done', againMs: spec.intervalMs }
  }
  if (isOnlyDrift(reasons, report)) await correctDrift(spec, new Set(reasons), report, signal, context)
  else await deliverProfile(spec, report, signal, context)
  if (report.status.leftAt.length > 0) {
    // An earlier target may be slow, and the new one is in order.
    await report.write(signal)
    await leaveTargets(profile, report, signal, context)
  }
  await report.write(signal)
  return { kind: 'done', againMs: nextMs(spec, report) }
}

/** Whether nothing but delivered objects changed since the last delivery, which was a good one. */
function isOnlyDrift(reasons: ReadonlySet<string>, { isInOrder }: ProfileReport): boolean {
  return isInOrder && [...reasons].every((reason) => !FULL.has(reason))
}

function nextMs({ drift, intervalMs, retryIntervalMs }: ProfileSpec, { status }: ProfileReport): number {
  const isLeft = drift === 'correct' && conditionOf(status.conditions, 'Drifted')?.reason === 'Drifted'
  const isGood =
    conditionOf(status.conditions, 'Ready')?.status === 'True' && status.leftAt.length === 0 && !isLeft
  return isGood ? intervalMs : Math.min(intervalMs, retryIntervalMs)
}

async function suspend(
  report: ProfileReport,
  signal: AbortSignal,
  { targets }: OperatorContext,
): Promise<Outcome> {
  targets.release(report.key)
  const { status } = report
  const ready = conditionOf(status.conditions, 'Ready')
  report.conditions({
    type: 'Ready',
    status: ready?.status ?? 'Unknown',
    reason: 'Suspended',
    message: 'spec.suspend is true: nothing is delivered, and drift is not looked for',
  })
  await report.write(signal)
  return STOPPED
}

function tellFailure(
  report: ProfileReport,
  { reason, message, isStalled, isOfSource }: Omit<Failure, 'mayPass'>,
): void {
  report.conditions(
    { type: 'Ready', status: 'False', reason, message },
    ...(isStalled ? ([{ type: 'Stalled', status: 'True', reason, message }] as const) : []),
    ...(isOfSource ? ([{ type: 'Built', status: 'False', reason, message }] as const) : []),
  )
  report.event('Warning', reason, message)
}
