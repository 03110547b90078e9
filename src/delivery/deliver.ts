/**
 * Delivers a set of objects to a cluster: plan, write down what begins, apply stage by stage, delete what left the set,
 * wait until all is healthy, write down what came of it. A delivery may be killed at any moment. The next one finds in the
 * record which objects may be there, and goes on.
 */
import type { Cluster, LiveObject } from '../kubernetes/client/cluster.ts'
import { applyStage } from './apply/apply-stage.ts'
import { watchForSuccessor } from './apply/watch-for-successor.ts'
import { DeliveryError } from './delivery-error.ts'
import type { OnDeliveryEvent } from './delivery-event.ts'
import { beginAttempt, endAttempt, failAttempt, type Begun } from './generations/attempt.ts'
import { explainUnhealthy, type ExplainedUnhealthy } from './health/explain-unhealthy.ts'
import type { BuildOf } from './health/registry-builds.ts'
import { waitHealthy } from './health/wait-healthy.ts'
import { currentGeneration, type Outcome } from './inventory/delivery-record.ts'
import { joinInventories, type InventoryEntry } from './inventory/inventory.ts'
import { saveRecord, superseded } from './inventory/record-store.ts'
import type { Change } from './plan/check-object.ts'
import { assertNoProblems, reportPlan } from './plan/announce-plan.ts'
import { isIdle, planDelivery, type DeliveryPlan, type PlanRequest } from './plan/plan-delivery.ts'
import { withRecordNamespace } from './apply/record-namespace.ts'
import { pruneObjects } from './prune/prune.ts'
import { displayName, keyOf } from './set/object-name.ts'
import type { SetObject } from './set/object-set.ts'

export type DeliveryRequest = PlanRequest & {
  /** Waits until all objects are healthy. */
  readonly isWaiting: boolean
  /** Milliseconds that a stage, and all objects at the end, may take to become healthy. */
  readonly healthMs: number
  /** The number of generations that can be gone back to. */
  readonly historyLimit: number
  /** The user and machine, or the profile of an operator. */
  readonly by: string
  /** A note for the history, such as `rollback to 3`. */
  readonly note?: string | undefined
  /** Called with the generation's number before anything changes, so that its paths are kept in a store. */
  readonly onBegin?: ((generation: number) => Promise<void>) | undefined
  /** Called with the numbers of generations that are no longer kept. */
  readonly onForget?: ((generations: readonly number[]) => Promise<void>) | undefined
  /** Asks the registry about images that can't be pulled, for objects that aren't healthy. */
  readonly buildOf?: BuildOf | undefined
  /** The plan of this request, where the caller has just made it. */
  readonly plan?: DeliveryPlan | undefined
  readonly onEvent: OnDeliveryEvent
}

export type DeliveryResult = {
  readonly generation: number
  readonly outcome: Exclude<Outcome, 'failed'>
  /** Whether nothing had to be changed. */
  readonly isIdle: boolean
  readonly unhealthy: readonly ExplainedUnhealthy[]
  /** Messages about objects that left the set and are still there. */
  readonly remaining: readonly string[]
}

/** Milliseconds that objects of a kind may take to go, before kinds that they may need are deleted. */
const GONE_MS = 60_000

/**
 * @throws DeliveryError, where `refused` and `invalid` mean that nothing was changed, unless an object was refused that
 *   could not be checked before. KubernetesError where the cluster doesn't answer; the same delivery may then be tried
 *   again.
 */
export async function deliver(cluster: Cluster, request: DeliveryRequest): Promise<DeliveryResult> {
  const plan = request.plan ?? (await planDelivery(cluster, request))
  reportPlan(plan, request.onEvent)
  assertNoProblems(plan)
  if (isIdle(plan)) return waitOnly(cluster, plan, request)
  return begin(cluster, await withRecordNamespace(cluster, plan), request)
}

async function begin(
  cluster: Cluster,
  plan: DeliveryPlan,
  request: DeliveryRequest,
): Promise<DeliveryResult> {
  const planned = [...plan.checked.values()].map(({ object, change }) => entryOf(object, stayingLive(change)))
  const begun = await beginAttempt(cluster, plan, {
    ...request,
    planned,
    onBegin: request.onBegin,
    signal: request.signal,
  })
  const successor = watchForSuccessor(cluster, plan.set.name, begun.attempt.id)
  const signals = [successor.signal, ...(request.signal === undefined ? [] : [request.signal])]
  try {
    return await carryOut(cluster, plan, begun, { ...request, signal: AbortSignal.any(signals) })
  } catch (error) {
    if (successor.signal.aborted) throw superseded(plan.set.name, error)
    const { historyLimit } = request
    // The failure itself is what the caller hears.
    await failAttempt(cluster, begun, { plan, note: noteOf(error), historyLimit }).catch(() => undefined)
    throw error
  } finally {
    successor.stop()
  }
}

async function carryOut(
  cluster: Cluster,
  plan: DeliveryPlan,
  begun: Begun,
  request: DeliveryRequest & { readonly signal: AbortSignal },
): Promise<DeliveryResult> {
  const { signal, onEvent, historyLimit } = request
  const check = { ...plan.check, signal }
  const applied = new Map<SetObject, LiveObject>()
  for (const stage of plan.stages) {
    onEvent({ kind: 'stage', stage: stage.kind, wave: stage.wave })
    const { checked } = plan
    for (const [object, live] of await applyStage(cluster, stage, { checked, check, onEvent }))
      applied.set(object, live)
    if (stage.kind === 'definitions') cluster.forgetKinds()
    if (stage.isAwaited) assertReady(await awaitHealth(cluster, stage.objects, request))
  }
  const looked = plan.set.objects.filter((object) => plan.checked.has(object))
  const inventory = [...plan.others, ...looked.map((object) => entryOf(object, applied.get(object)))]
  // From here on the UIDs are known, also if this process ends now.
  const joined = joinInventories(plan.leaving, inventory)
  const stored = await saveRecord(cluster, { ...begun.stored.record, inventory: joined }, begun.stored)
  const deleted = new Set<string>()
  const stuck = await pruneObjects(cluster, plan.prunes, {
    goneMs: GONE_MS,
    onDeleted: (entry) => {
      deleted.add(keyOf(entry))
      onEvent({ kind: 'object', name: entry, outcome: 'deleted' })
    },
    signal,
  })
  for (const { entry } of stuck) deleted.delete(keyOf(entry))
  const unhealthy = request.isWaiting ? await awaitHealth(cluster, plan.set.objects, request) : []
  const outcome = unhealthy.length === 0 ? 'delivered' : 'unhealthy'
  const forgotten = await endAttempt(
    cluster,
    { ...begun, stored },
    {
      plan,
      outcome,
      note: request.note ?? unhealthy.map(({ name, health }) => `${displayName(name)}: ${health.reason}`)[0],
      inventory: joinInventories(
        plan.leaving.filter((entry) => !deleted.has(keyOf(entry))),
        inventory,
      ),
      historyLimit,
    },
  )
  await request.onForget?.(forgotten)
  return {
    generation: begun.attempt.generation,
    outcome,
    isIdle: false,
    unhealthy,
    remaining: stuck.map(({ message }) => message),
  }
}

/** Nothing changes. A generation that became healthy after its delivery is noted as delivered. */
async function waitOnly(
  cluster: Cluster,
  { set, stored }: DeliveryPlan,
  request: DeliveryRequest,
): Promise<DeliveryResult> {
  const unhealthy = request.isWaiting ? await awaitHealth(cluster, set.objects, request) : []
  const current = stored === undefined ? undefined : currentGeneration(stored.record)
  const isHealed = request.isWaiting && unhealthy.length === 0 && current?.outcome === 'unhealthy'
  if (isHealed && stored !== undefined) {
    const healed = { ...current, outcome: 'delivered', note: undefined } as const
    const history = [...stored.record.history.slice(0, -1), healed]
    await saveRecord(cluster, { ...stored.record, history }, stored)
  }
  return {
    generation: current?.generation ?? 0,
    outcome: unhealthy.length === 0 ? 'delivered' : 'unhealthy',
    isIdle: true,
    unhealthy,
    remaining: [],
  }
}

async function awaitHealth(
  cluster: Cluster,
  objects: readonly SetObject[],
  { healthMs, signal, onEvent, buildOf }: DeliveryRequest,
): Promise<readonly ExplainedUnhealthy[]> {
  const names = objects.map(({ name }) => name)
  const result = await waitHealthy(cluster, names, {
    timeoutMs: healthMs,
    signal,
    onChange: (name, health) => onEvent({ kind: 'health', name, health }),
  })
  return result.kind === 'healthy' ? [] : explainUnhealthy(cluster, result.objects, { buildOf, signal })
}

function assertReady(unhealthy: readonly ExplainedUnhealthy[]): void {
  if (unhealthy.length === 0) return
  const problems = unhealthy.map(({ name, health, reasons }) => ({
    object: name,
    message: [health.reason, ...reasons].join('\n    '),
  }))
  throw new DeliveryError('refused', 'a stage did not become ready, and the stages after it were not begun', {
    problems,
  })
}

function entryOf({ name, isPruned }: SetObject, live: LiveObject | undefined): InventoryEntry {
  return { ...name, uid: live?.metadata.uid, isPruned }
}

/** The live object whose UID stays; one that is made again gets another. */
function stayingLive(change: Change): LiveObject | undefined {
  return 'live' in change && change.kind !== 'recreate' ? change.live : undefined
}

function noteOf(error: unknown): string {
  if (error instanceof DeliveryError && error.problems[0] !== undefined) {
    const { object, message } = error.problems[0]
    return object === undefined ? message : `${displayName(object)}: ${message}`
  }
  return error instanceof Error ? error.message : String(error)
}
