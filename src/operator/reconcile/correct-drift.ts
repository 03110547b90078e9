/**
 * Corrects drift as soon as a watch shows it. The objects come from the target itself, so neither the store nor a build is
 * needed. Only objects that a watch named are looked at first, and nothing more is asked where they are in order.
 */
import { deliver } from '../../delivery/deliver.ts'
import {
  correctionOf,
  loadGeneration,
  planCorrection,
  type KeptGeneration,
} from '../../delivery/find-drift.ts'
import { loadRecord } from '../../delivery/inventory/record-store.ts'
import { keyOf } from '../../delivery/set/object-name.ts'
import type { GivenObject } from '../../delivery/set/object-set.ts'
import type { ProfileSpec } from '../definitions/delivery-profile.ts'
import { assertOwnRecord, authorOf } from './author.ts'
import { deliverProfile } from './deliver-profile.ts'
import { judgeDrift } from '../../delivery/judge-drift.ts'
import type { OperatorContext } from './operator-context.ts'
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
  const kept = await loadGeneration(cluster, set)
  if (kept.entry.outcome === 'failed') return deliverProfile(spec, report, signal, context)
  const named: KeptGeneration = {
    ...kept,
    objects: kept.objects.filter((one) => suspects.has(keyOfGiven(one))),
  }
  const options = { ignore: spec.ignore, signal }
  const judged = judgeDrift(await planCorrection(cluster, set, named, options), context.endless)
  if (judged.drift.length === 0) {
    // What was reported before may be in order again.
    if ((report.status.driftedObjects ?? 0) > 0) return deliverProfile(spec, report, signal, context)
    return
  }
  if (spec.drift === 'warn') return deliverProfile(spec, report, signal, context)
  if (!judged.isFought || !context.corrections.take(report.key, performance.now())) {
    tellDrift(report, { ...judged, outcome: 'reported' })
    context.metrics.drifted('reported', judged.drift.length)
    return
  }
  const stored = await loadRecord(cluster, set)
  assertOwnRecord(stored?.record, report.name, context)
  const result = await deliver(cluster, {
    ...correctionOf(set, kept, { ignore: [...spec.ignore, ...judged.ignore], signal }),
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

/** Objects of a generation have their namespaces. */
function keyOfGiven({ object: { apiVersion, kind, metadata } }: GivenObject): string {
  return keyOf({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name })
}
