/**
 * Finds what the delivery of an object would change. The server is asked by a dry run, so its defaults, its webhooks and
 * its rules are applied. Nothing is changed.
 */
import type { Cluster, DesiredObject, LiveObject } from '../../kubernetes/client/cluster.ts'
import { FIELD_MANAGER } from '../../kubernetes/client/kubernetes-cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { differences as differencesOf, type Difference } from '../drift/differences.ts'
import { foreignFields, type ForeignField } from '../drift/foreign-fields.ts'
import { ignoredFields, withoutIgnored, type IgnoreOptions } from '../drift/ignore-rules.ts'
import { NO_FIELDS, isEmptySet, managedEntries, subtract, type FieldSet } from '../drift/managed-fields.ts'
import { takeOver, type TakeOver } from '../drift/take-over.ts'
import { OWNER, annotationOf } from '../set/annotations.ts'
import type { DeliveryProblem, SetObject } from '../set/object-set.ts'
import type { Coming } from './coming-with.ts'
import type { FindLive } from './find-live.ts'
import { mayBeMadeAgain } from './recreation.ts'
import { isRefusal, problemOf } from './server-problem.ts'

export type Change =
  | { readonly kind: 'create' }
  | {
      readonly kind: 'change'
      readonly live: LiveObject
      /** The changes that the server would make. */
      readonly differences: readonly Difference[]
      /** Fields that others added, and that a server-side apply alone would leave. */
      readonly foreign: readonly ForeignField[]
      readonly next: NextApply
    }
  /** Values stay. The set becomes the owner of fields that it did not own. */
  | { readonly kind: 'own'; readonly live: LiveObject; readonly next: NextApply }
  | { readonly kind: 'recreate'; readonly live: LiveObject; readonly reason: string }
  | { readonly kind: 'unchanged'; readonly live: LiveObject }
  /** It can't be checked before other objects of the set are there, or before it is gone. */
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'owned'; readonly owner: string }
  | { readonly kind: 'refused'; readonly problem: DeliveryProblem }

/** The requests that make the object what the set says. */
type NextApply = {
  /** Comes first, where people's fields are taken over. */
  readonly takeOver: TakeOver | undefined
  /** Without the fields that are left to others. */
  readonly desired: DesiredObject
}

export type CheckedObject = { readonly object: SetObject; readonly change: Change }

export type Check = {
  /** `namespace/name` of the set. */
  readonly owner: string
  /** Takes objects over from other sets. */
  readonly isAdopting: boolean
  readonly ignore: IgnoreOptions
  readonly coming: Coming
  readonly signal?: AbortSignal | undefined
}

/** apiserver, admission plugins for webhooks: a webhook without `sideEffects: None` is not called by a dry run. */
const NO_DRY_RUN = /does not support dry run/

/**
 * @param find finds the object as it is. Default: asks the server.
 * @throws KubernetesError where the server doesn't answer, or refuses the credentials.
 */
export async function checkObject(
  cluster: Cluster,
  object: SetObject,
  check: Check,
  find: FindLive = cluster.get,
): Promise<Change> {
  try {
    const live = await find(object.name, check.signal)
    if (live === undefined) return await checkAbsent(cluster, object, check)
    if (live.metadata['deletionTimestamp'] !== undefined)
      return { kind: 'later', reason: 'it is being deleted, and is made again afterwards' }
    const owner = annotationOf(live, OWNER)
    if (owner !== undefined && owner !== check.owner && !check.isAdopting) return { kind: 'owned', owner }
    return await checkPresent(cluster, object, live, check)
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error
    return afterError(object, error, check)
  }
}

async function checkAbsent(cluster: Cluster, object: SetObject, { signal }: Check): Promise<Change> {
  try {
    await cluster.apply(object.desired, { isDryRun: true, force: true, signal })
  } catch (error) {
    // The real request asks the webhook.
    if (!takesNoDryRun(error)) throw error
  }
  return { kind: 'create' }
}

async function checkPresent(
  cluster: Cluster,
  object: SetObject,
  live: LiveObject,
  { ignore, signal }: Check,
): Promise<Change> {
  const ignored = ignoredFields(object.desired, ignore)
  const desired = withoutIgnored(object.desired, ignored, live)
  const foreign = foreignFields(live, desired, { ignored })
  const next: NextApply = { takeOver: takeOver(live, { ignored }), desired }
  try {
    // A field that is left to others from now on must not seem to be removed: it may be one that the object needs.
    const isReleasing = (next.takeOver?.released.length ?? 0) > 0
    const wanted = await cluster.apply(isReleasing ? object.desired : desired, {
      isDryRun: true,
      force: true,
      signal,
    })
    // It was deleted since it was found.
    if (wanted.metadata.uid !== live.metadata.uid) return { kind: 'create' }
    const differences = differencesOf(live, wanted, ignored)
    if (differences.length > 0 || foreign.length > 0)
      return { kind: 'change', live, differences, foreign, next }
    const isOwned = next.takeOver === undefined && hasSameOwnFields(live, wanted)
    return isOwned ? { kind: 'unchanged', live } : { kind: 'own', live, next }
  } catch (error) {
    if (takesNoDryRun(error)) return { kind: 'change', live, differences: [], foreign, next }
    if (!(error instanceof KubernetesError) || error.kind !== 'immutable') throw error
    const problem = problemOf(object, error)
    if (!mayBeMadeAgain(live)) return { kind: 'refused', problem }
    if (object.mayBeRecreated) return { kind: 'recreate', live, reason: problem.message }
    const message = `${problem.message}. Annotation pushless.internal/recreate: allowed lets the object be deleted and made again`
    return { kind: 'refused', problem: { ...problem, message } }
  }
}

/** Whether applying leaves the set of fields that pushless owns as it is. */
function hasSameOwnFields(live: LiveObject, next: LiveObject): boolean {
  const [before, after] = [ownFields(live), ownFields(next)]
  return isEmptySet(subtract(before, after)) && isEmptySet(subtract(after, before))
}

function ownFields(object: LiveObject): FieldSet {
  const own = managedEntries(object).find(
    ({ manager, operation, subresource }) =>
      manager === FIELD_MANAGER && operation === 'Apply' && subresource === '',
  )
  return own?.fields ?? NO_FIELDS
}

function takesNoDryRun(error: unknown): boolean {
  return error instanceof KubernetesError && NO_DRY_RUN.test(error.message)
}

function afterError(object: SetObject, error: KubernetesError, { coming }: Check): Change {
  if (!isRefusal(error)) throw error
  switch (error.kind) {
    case 'no-such-kind':
    case 'not-found':
    case 'forbidden':
      if (error.kind !== 'forbidden' && coming.hasPlaceOf(object.name))
        return { kind: 'later', reason: 'its namespace or its kind comes with the set' }
      return coming.isMissedBy(object.name, error.message)
        ? { kind: 'later', reason: 'it needs an object that comes with the set' }
        : { kind: 'refused', problem: problemOf(object, error) }
    case 'invalid':
    case 'server':
      return coming.changesKindOf(object.name)
        ? { kind: 'later', reason: 'its kind changes with the set' }
        : { kind: 'refused', problem: problemOf(object, error) }
    default:
      return { kind: 'refused', problem: problemOf(object, error) }
  }
}
