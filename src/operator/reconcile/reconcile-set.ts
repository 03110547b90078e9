/** Reconciles one DeliverySet: it writes DeliveryProfiles, cluster after cluster, and tells how far they are. */
import { textAt } from '../../core/json-fields.ts'
import type { Json } from '../../core/json.ts'
import type { LiveObject } from '../../kubernetes/client/cluster.ts'
import type { SecretKey } from '../definitions/delivery-profile.ts'
import { readSet, type DeliverySet } from '../definitions/delivery-set.ts'
import { SET_MANAGER, profileObject, SET_LABEL } from '../definitions/operator-kinds.ts'
import type { Outcome } from '../queue/work-queue.ts'
import { readConditions, withConditions, type NewCondition } from '../status/conditions.ts'
import { describeFailure } from './describe-failure.ts'
import type { OperatorContext } from './operator-context.ts'
import { planRollout, type Rollout } from './plan-rollout.ts'
import { membersOf, type Member } from './set-members.ts'

/** Secrets with a label may come and go without a word. */
const LOOK_AGAIN_MS = 300_000
const RETRY_MS = 60_000

/** @throws KubernetesError where the status can't be written. */
export async function reconcileSet(
  live: LiveObject,
  signal: AbortSignal,
  context: OperatorContext,
): Promise<Outcome> {
  const set = readSet(live)
  // Its profiles belong to it, and Kubernetes deletes them.
  if (set.isDeleting) return { kind: 'done', againMs: undefined }
  try {
    const clusters = await findClusters(set, signal, context)
    const members = membersOf(set, clusters)
    const find = ({ desired }: Member): LiveObject | undefined =>
      context.profile({ namespace: set.name.namespace, name: desired.metadata.name })
    const rollout = planRollout(members, find, set)
    for (const { desired } of rollout.next)
      await context.own.apply(desired, { force: true, fieldManager: SET_MANAGER, signal })
    if (!set.isSuspended && rollout.haltedBy === undefined) await removeOthers(set, members, signal, context)
    await tell(set, { clusters, members, rollout }, signal, context)
    // What happens to its profiles comes here by itself.
    return { kind: 'done', againMs: set.selector === undefined ? undefined : LOOK_AGAIN_MS }
  } catch (error) {
    if (signal.aborted) return { kind: 'done', againMs: undefined }
    const { reason, message } = describeFailure(error)
    context.metrics.failed(reason)
    context.events.record(live, 'Warning', reason, message)
    await write(set, { condition: { type: 'Ready', status: 'False', reason, message } }, signal, context)
    return { kind: 'failed', maxPauseMs: RETRY_MS }
  }
}

async function findClusters(
  { name, secrets, selector }: DeliverySet,
  signal: AbortSignal,
  { own }: OperatorContext,
): Promise<readonly SecretKey[]> {
  const clusters = new Map(secrets.map((one) => [one.name, one]))
  if (selector === undefined) return secrets
  const { items } = await own.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace: name.namespace, labelSelector: selector.labels, signal },
  )
  for (const found of items.map(({ metadata }) => metadata.name).toSorted())
    if (!clusters.has(found)) clusters.set(found, { name: found, key: selector.key })
  return [...clusters.values()]
}

/** Deletes profiles of clusters, or of the set, that are no longer wanted. Their own policy says what that means. */
async function removeOthers(
  { name }: DeliverySet,
  members: readonly Member[],
  signal: AbortSignal,
  { own, profiles }: OperatorContext,
): Promise<void> {
  const wanted = new Set(members.map(({ desired }) => desired.metadata.name))
  for (const { metadata } of profiles()) {
    const isOfSet =
      metadata.namespace === name.namespace && textAt(metadata, 'labels', SET_LABEL) === name.name
    if (!isOfSet || wanted.has(metadata.name) || metadata['deletionTimestamp'] !== undefined) continue
    await own.remove(profileObject({ ...name, name: metadata.name }), { uid: metadata.uid, signal })
  }
}

async function tell(
  set: DeliverySet,
  found: {
    readonly clusters: readonly SecretKey[]
    readonly members: readonly Member[]
    readonly rollout: Rollout
  },
  signal: AbortSignal,
  context: OperatorContext,
): Promise<void> {
  const { clusters, members, rollout } = found
  const { updated, ready, failed, progress, haltedBy } = rollout
  const condition = conditionFor(set, found)
  if (haltedBy !== undefined)
    context.events.record(set.live, 'Warning', condition.reason, condition.message, 'RollOut')
  const facts = {
    clusters: clusters.length,
    profiles: members.length,
    updated: updated + rollout.next.length,
    ready,
    failed,
    progress: progress.map(({ cluster, state, message }) => ({
      cluster,
      state,
      ...(message === undefined ? {} : { message: message.slice(0, 1024) }),
    })),
  }
  await write(set, { condition, facts }, signal, context)
}

function conditionFor(
  { isSuspended }: DeliverySet,
  { members, rollout }: { readonly members: readonly Member[]; readonly rollout: Rollout },
): NewCondition {
  const { ready, haltedBy, progress } = rollout
  const part = `${ready} of ${members.length} profiles are ready`
  const ended = { type: 'Ready', status: 'False' } as const
  if (haltedBy !== undefined)
    return {
      ...ended,
      reason: 'Halted',
      message: `${part}; ${haltedBy.cluster} failed: ${haltedBy.message ?? ''}`,
    }
  if (ready === members.length) return { type: 'Ready', status: 'True', reason: 'Delivered', message: part }
  const failed = progress.find(({ state }) => state === 'failed')
  if (failed !== undefined)
    return {
      ...ended,
      reason: 'Failed',
      message: `${part}; ${failed.cluster} failed: ${failed.message ?? ''}`,
    }
  if (isSuspended) return { ...ended, reason: 'Suspended', message: `${part}; spec.suspend is true` }
  return { ...ended, reason: 'RollingOut', message: part }
}

async function write(
  { live, generation }: DeliverySet,
  {
    condition,
    facts,
  }: { readonly condition: NewCondition; readonly facts?: { readonly [key: string]: Json } },
  signal: AbortSignal,
  { status }: OperatorContext,
): Promise<void> {
  const before = status.current(live)
  const { reason, message } = condition
  const isMoving = reason === 'RollingOut'
  const isStalled = reason === 'Halted'
  const conditions = withConditions(
    readConditions(before),
    [
      condition,
      { type: 'Reconciling', status: isMoving ? 'True' : 'False', reason, message },
      { type: 'Stalled', status: isStalled ? 'True' : 'False', reason, message },
    ],
    { generation, now: Date.now() },
  )
  await status.write(live, { ...facts, observedGeneration: generation, conditions }, signal)
}
