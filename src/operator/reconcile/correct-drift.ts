/**
 * Corrects drift as soon as a watch shows it. The objects come from the target itself, so neither the store nor a build is
 * needed. Only objects that a watch named are looked at and corrected, so a large set takes no longer than a small one.
 */
import { deliver } from '../../delivery/deliver.ts'
import { DeliveryError } from '../../delivery/delivery-error.ts'
import { correctionOf, loadGeneration } from '../../delivery/find-drift.ts'
import { loadRecord } from '../../delivery/inventory/record-store.ts'
import { planDelivery } from '../../delivery/plan/plan-delivery.ts'
import { keyOf } from '../../delivery/set/object-name.ts'
import type { ProfileSpec } from '../definitions/delivery-profile.ts'
import { assertOwnRecord, authorOf } from './author.ts'
import { deliverProfile } from './deliver-profile.ts'
import { judgeDrift } from '../../delivery/judge-drift.ts'
import type { OperatorContext } from './operator-context.ts'
import { conditionOf } from '../status/conditions.ts'
import type { ProfileReport } from './profile-report.ts'
import { tellDelivered, tellDrift } from './tell-delivery.ts'

/** @param suspects keys of the objects. @throws DeliveryError, KubernetesError. */
export async function correctDrift(
  spec: ProfileSpec,
  suspects: ReadonlySet<string>,
  report: ProfileReport,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<void> {
  const target = context.targets.current(report.key, signal)
  if (target === undefined) return deliverProfile(spec, report, signal, context)
  if (spec.drift === 'off') return
  const { cluster } = target
  const set = { namespace: spec.target.namespace, name: report.name.name }
  // The record may have gone with its namespace. The source still has the objects.
  const kept = await loadGeneration(cluster, set).catch(nothingKept)
  if (kept === undefined || kept.entry.outcome === 'failed')
    return deliverProfile(spec, report, signal, context)
  const request = correctionOf(set, kept, { ignore: spec.ignore, only: suspects, signal })
  const plan = await planDelivery(cluster, request)
  const judged = judgeDrift(plan, context.endless)
  if (judged.drift.length === 0) {
    // What was reported before may be in order again.
    if ((report.status.driftedObjects ?? 0) > 0) return deliverProfile(spec, report, signal, context)
    return
  }
  if (spec.drift === 'warn') return deliverProfile(spec, report, signal, context)
  const drifted = judged.drift.map(({ name }) => keyOf(name))
  if (!judged.isFought || !context.corrections.take(report.key, drifted, performance.now())) {
    tellDrift(report, { ...judged, outcome: 'reported' })
    context.metrics.drifted('reported', judged.drift.length)
    return
  }
  assertOwnRecord(plan.stored?.record, report.name, context)
  // Drift of other objects that was reported is corrected with it, since the status tells of none from then on.
  const isDrifted = conditionOf(report.status.conditions, 'Drifted')?.status === 'True'
  const result = await deliver(cluster, {
    ...request,
    only: isDrifted ? undefined : suspects,
    ignore: [...request.ignore, ...judged.ignore],
    // Differences that are left alone, and other objects, make another plan.
    plan: judged.ignore.length === 0 && !isDrifted ? plan : undefined,
    isWaiting: false,
    healthMs: spec.timeoutMs,
    historyLimit: spec.historyLimit,
    by: authorOf(report.name, context),
    note: kept.entry.note,
    onEvent: () => undefined,
  })
  context.metrics.drifted('corrected', judged.drift.length)
  const record = (await loadRecord(cluster, set))?.record
  tellDrift(report, { ...judged, outcome: 'corrected' })
  tellDelivered(record, { ...result, isIdle: true }, report)
}

function nothingKept(error: unknown): undefined {
  if (error instanceof DeliveryError && error.kind === 'not-found') return undefined
  throw error
}
