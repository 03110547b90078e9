/** The beginning and the end of a delivery in the record of its set. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import {
  currentGeneration,
  type Attempt,
  type DeliveryRecord,
  type GenerationEntry,
  type Outcome,
  type StoredRecord,
} from '../inventory/delivery-record.ts'
import { joinInventories, type Inventory } from '../inventory/inventory.ts'
import { loadRecord, saveRecord } from '../inventory/record-store.ts'
import type { DeliveryPlan } from '../plan/plan-delivery.ts'
import { removeOtherSnapshots, removeSnapshots, saveSnapshot } from './snapshot-store.ts'

export type Begun = {
  readonly attempt: Attempt
  readonly stored: StoredRecord
  /** Another delivery had begun, and didn't end: it was killed, or it is superseded now. */
  readonly isTakingOver: boolean
}

/** Milliseconds that a delivery which is under way gets to see that another began. */
const HANDOVER_MS = 500

/**
 * Writes which objects may come to be, before the first of them does.
 * @param planned the objects of the set, with the UIDs of those that are there.
 * @throws DeliveryError `superseded`, KubernetesError.
 */
export async function beginAttempt(
  cluster: Cluster,
  plan: DeliveryPlan,
  {
    by,
    planned,
    onBegin,
    signal,
  }: {
    readonly by: string
    readonly planned: Inventory
    readonly onBegin: ((generation: number) => Promise<void>) | undefined
    readonly signal: AbortSignal | undefined
  },
): Promise<Begun> {
  const { set, stored, content } = plan
  const before = stored?.record.cluster === plan.cluster ? stored.record : undefined
  const current = before === undefined ? undefined : currentGeneration(before)
  // A delivery that is tried again, or that corrects drift, is the same generation.
  const isSame = current?.revision === set.revision && current.content === content
  const generation = (current?.generation ?? 0) + (isSame ? 0 : 1)
  const attempt: Attempt = {
    id: randomUUID(),
    generation,
    revision: set.revision,
    startedAt: new Date().toISOString(),
    by,
  }
  const record: DeliveryRecord = {
    name: set.name,
    cluster: plan.cluster,
    history: before?.history ?? [],
    attempt,
    inventory: joinInventories(before?.inventory ?? [], planned),
  }
  await onBegin?.(generation)
  const written = await saveRecord(cluster, record, stored)
  if (!isSame) await saveSnapshot(cluster, set.name, { generation, content }, set.objects)
  const isTakingOver = before?.attempt !== undefined
  if (isTakingOver) await delay(HANDOVER_MS, undefined, { signal })
  return { stored: written, attempt, isTakingOver }
}

/**
 * Writes what came of a delivery, and forgets generations beyond the limit.
 * @returns the numbers of those that are forgotten. @throws DeliveryError `superseded`, KubernetesError.
 */
export async function endAttempt(
  cluster: Cluster,
  { stored, attempt, isTakingOver }: Begun,
  {
    plan,
    outcome,
    note,
    inventory,
    historyLimit,
  }: {
    readonly plan: DeliveryPlan
    readonly outcome: Outcome
    readonly note: string | undefined
    readonly inventory: Inventory
    readonly historyLimit: number
  },
): Promise<readonly number[]> {
  const { record } = stored
  const entry: GenerationEntry = {
    generation: attempt.generation,
    revision: attempt.revision,
    content: plan.content,
    deliveredAt: new Date().toISOString(),
    by: attempt.by,
    outcome,
    note,
    objects: plan.set.objects.length,
  }
  const before = record.history.find(({ generation }) => generation === entry.generation)
  // A correction of drift is no delivery of its own.
  const isCorrection = before?.outcome === 'delivered' && outcome === 'delivered' && note === undefined
  const all = [
    ...record.history.filter(({ generation }) => generation !== entry.generation),
    isCorrection ? before : entry,
  ]
  const history = keptHistory(all, historyLimit)
  const forgotten = all.filter((one) => !history.includes(one))
  const ended = { ...record, history, inventory }
  const { name } = plan.set
  if (forgotten.length === 0 && !isTakingOver) {
    await saveRecord(cluster, { ...ended, attempt: undefined }, stored)
    return []
  }
  // The attempt ends last, so the next delivery removes what is left if this process ends in between.
  const written = await saveRecord(cluster, { ...ended, attempt }, stored)
  await (isTakingOver
    ? removeOtherSnapshots(cluster, name, history)
    : removeSnapshots(cluster, name, forgotten))
  await saveRecord(cluster, { ...ended, attempt: undefined }, written)
  return forgotten.map(({ generation }) => generation)
}

/** Writes that a delivery failed. The inventory keeps all objects that it may have made. */
export async function failAttempt(
  cluster: Cluster,
  begun: Begun,
  failure: { readonly plan: DeliveryPlan; readonly note: string; readonly historyLimit: number },
): Promise<void> {
  const stored = await loadRecord(cluster, failure.plan.set.name)
  if (stored?.record.attempt?.id !== begun.attempt.id) return
  const { inventory } = stored.record
  await endAttempt(cluster, { ...begun, stored }, { ...failure, outcome: 'failed', inventory })
}

/** The newest, and the last one that was delivered whole: failures must not push it out. */
export function keptHistory(history: readonly GenerationEntry[], limit: number): readonly GenerationEntry[] {
  const newest = history.slice(-Math.max(1, limit))
  const whole = history.findLast(({ outcome }) => outcome === 'delivered')
  return whole === undefined || newest.includes(whole) ? newest : [whole, ...newest]
}
