/** Delivers what a profile names: the source, the plan, and then only what differs. */
import { deliver, type DeliveryResult } from '../../delivery/deliver.ts'
import { loadRecord } from '../../delivery/inventory/record-store.ts'
import {
  isIdle,
  planDelivery,
  type DeliveryPlan,
  type PlanRequest,
} from '../../delivery/plan/plan-delivery.ts'
import { currentGeneration, type DeliveryRecord } from '../../delivery/inventory/delivery-record.ts'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { explainUnhealthy } from '../../delivery/health/explain-unhealthy.ts'
import { waitHealthy } from '../../delivery/health/wait-healthy.ts'
import type { ProfileSpec } from '../definitions/delivery-profile.ts'
import { assertOwnRecord, authorOf } from './author.ts'
import { judgeDrift } from '../../delivery/judge-drift.ts'
import { moveTo } from './leave-target.ts'
import type { OperatorContext } from './operator-context.ts'
import type { ProfileReport } from './profile-report.ts'
import { tellDelivered, tellDrift } from './tell-delivery.ts'
import { wantedGeneration, type Wanted } from './wanted-generation.ts'

/** @throws SourceError, DeliveryError, KubernetesError, ProfileError; the reason of the signal. */
export async function deliverProfile(
  spec: ProfileSpec,
  report: ProfileReport,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<void> {
  const loaded = spec.rollbackTo === undefined ? await loadSource(spec, report, signal, context) : undefined
  const target = await context.targets.open(report.key, spec.target, report.name, signal)
  const { cluster, watches } = target
  const set = { namespace: spec.target.namespace, name: report.name.name }
  const stored = await loadRecord(cluster, set)
  assertOwnRecord(stored?.record, report.name, context)
  const wanted = loaded ?? (await wantedGeneration(cluster, set, stored?.record, spec.rollbackTo ?? 0))
  const request: PlanRequest = {
    name: set,
    revision: wanted.revision,
    objects: wanted.objects,
    namespace: spec.target.namespace,
    ignore: spec.ignore,
    isPruning: spec.isPruning,
    confirmed: spec.confirmed,
    isAdopting: spec.isAdopting,
    mayBeEmpty: spec.mayBeEmpty,
    mayShrink: spec.mayShrink || wanted.note !== undefined,
    signal,
  }
  report.set({ attemptedRevision: wanted.revision })
  const isNew = !isDelivered(stored?.record, wanted.revision) || !report.isInOrder
  let record = stored?.record
  if (isNew || spec.drift !== 'off') {
    const plan = await planDelivery(cluster, request)
    await moveTo(plan.cluster, spec, report, signal)
    const change = { spec, request, wanted, plan, isNew, report, signal, context }
    const result = await bringAbout(cluster, change)
    record = result === undefined ? plan.stored?.record : (await loadRecord(cluster, set))?.record
    tellDelivered(record, result ?? (await idleResult(cluster, change)), report)
  }
  watches.watch(report.key, spec.drift === 'off' ? [] : (record?.inventory ?? []))
}

type Delivering = {
  readonly spec: ProfileSpec
  readonly request: PlanRequest
  readonly wanted: Wanted
  readonly plan: DeliveryPlan
  /** Whether another revision, or another spec, is to be delivered, and not only drift to be corrected. */
  readonly isNew: boolean
  readonly report: ProfileReport
  readonly signal: AbortSignal
  readonly context: OperatorContext
}

/** @returns nothing where the cluster was left as it is. */
async function bringAbout(
  cluster: Cluster,
  { spec, request, wanted, plan, isNew, report, signal, context }: Delivering,
): Promise<DeliveryResult | undefined> {
  const isSame = isDelivered(plan.stored?.record, wanted.revision)
  if (isIdle(plan)) {
    judgeDrift(plan, context.endless)
    tellDrift(report, { drift: [], outcome: 'none', endless: [] })
    return undefined
  }
  const judged = isSame ? judgeDrift(plan, context.endless) : undefined
  const hasMore = plan.prunes.some(({ kind }) => kind !== 'protected') || plan.problems.length > 0
  if (judged !== undefined && !isNew && !hasMore && (spec.drift !== 'correct' || !judged.isFought)) {
    tellDrift(report, { ...judged, outcome: judged.drift.length === 0 ? 'none' : 'reported' })
    context.metrics.drifted('reported', judged.drift.length)
    return undefined
  }
  report.conditions({
    type: 'Reconciling',
    status: 'True',
    reason: 'Delivering',
    message: `delivering ${wanted.revision}`,
  })
  await report.write(signal)
  const left = judged?.ignore ?? []
  const result = await deliver(cluster, {
    ...request,
    ignore: [...request.ignore, ...left],
    // Differences that are left alone make another plan.
    plan: left.length === 0 ? plan : undefined,
    isWaiting: spec.isWaiting,
    healthMs: spec.timeoutMs,
    historyLimit: spec.historyLimit,
    by: authorOf(report.name, context),
    note: wanted.note,
    buildOf: context.buildOf,
    ...context.generationHooks(plan.cluster, request.name, wanted.revision),
    onEvent: (event) => {
      if (event.kind === 'note') report.event('Normal', 'Note', event.message)
    },
  })
  if (judged === undefined || judged.drift.length === 0)
    tellDrift(report, { drift: [], outcome: 'none', endless: [] })
  else {
    tellDrift(report, { ...judged, outcome: 'corrected' })
    context.metrics.drifted('corrected', judged.drift.length)
  }
  return result
}

async function idleResult(
  cluster: Cluster,
  { spec, plan, signal, context }: Delivering,
): Promise<DeliveryResult> {
  const generation = plan.stored === undefined ? 0 : (currentGeneration(plan.stored.record)?.generation ?? 0)
  const result = { generation, isIdle: true, remaining: [] }
  if (!spec.isWaiting) return { ...result, outcome: 'delivered', unhealthy: [] }
  const names = plan.set.objects.map(({ name }) => name)
  const health = await waitHealthy(cluster, names, { timeoutMs: spec.timeoutMs, signal })
  return health.kind === 'healthy'
    ? { ...result, outcome: 'delivered', unhealthy: [] }
    : {
        ...result,
        outcome: 'unhealthy',
        unhealthy: await explainUnhealthy(cluster, health.objects, { buildOf: context.buildOf, signal }),
      }
}

async function loadSource(
  spec: ProfileSpec,
  report: ProfileReport,
  signal: AbortSignal,
  { load, warm }: OperatorContext,
): Promise<Wanted> {
  const source = await load(
    spec.source,
    (message) => {
      // The status may be written a little later: the work goes on meanwhile.
      report.conditions(
        { type: 'Reconciling', status: 'True', reason: 'Building', message },
        { type: 'Built', status: 'Unknown', reason: 'Building', message },
      )
      report.write(signal).catch(() => undefined)
    },
    signal,
  )
  if (report.status.revision !== source.revision) await warm(source, spec.timeoutMs, signal)
  report.conditions({ type: 'Built', status: 'True', reason: 'Built', message: source.revision })
  return { ...source, note: undefined }
}

/** Whether a revision is what the target has, as far as its record tells. */
function isDelivered(record: DeliveryRecord | undefined, revision: string): boolean {
  if (record === undefined || record.attempt !== undefined) return false
  const current = currentGeneration(record)
  return current?.revision === revision && current.outcome !== 'failed'
}
