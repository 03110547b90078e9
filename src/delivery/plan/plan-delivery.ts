/**
 * Plans a delivery: reads the record of the set, checks each object with the server, and decides what leaves the cluster.
 * Nothing is changed. The same plan is what `diff` and `drift` show, and what a delivery carries out.
 */
import type { Cluster } from '../../kubernetes/client/cluster.ts'
import { DeliveryError } from '../delivery-error.ts'
import type { IgnoreRule } from '../drift/ignore-rules.ts'
import { contentOf } from '../generations/snapshot.ts'
import { currentGeneration, type StoredRecord } from '../inventory/delivery-record.ts'
import { leavingEntries, type Inventory } from '../inventory/inventory.ts'
import { loadRecord } from '../inventory/record-store.ts'
import { decidePrunes, type PruneDecision } from '../prune/prune-decision.ts'
import { displayName, groupKindOf, keyOf } from '../set/object-name.ts'
import { findScopes } from '../set/find-scopes.ts'
import {
  makeSet,
  type DeliveryProblem,
  type GivenObject,
  type ObjectSet,
  type SetName,
  type SetObject,
} from '../set/object-set.ts'
import { afterNamespaces, checkAll } from './check-all.ts'
import type { Check, CheckedObject } from './check-object.ts'
import { comingWith, isDefinition } from './coming-with.ts'
import { assertNotShrunk } from './shrink-guard.ts'
import { findScaled } from './find-scaled.ts'
import { stagesOf, type Stage } from './stages.ts'

export type PlanRequest = {
  readonly name: SetName
  readonly revision: string
  readonly objects: readonly GivenObject[]
  /** Namespace of objects that name none. */
  readonly namespace: string
  /** Fields that are left to others. */
  readonly ignore: readonly IgnoreRule[]
  /** Deletes what left the set. */
  readonly isPruning: boolean
  /** Names as `displayName` has them, of protected objects that may be deleted. */
  readonly confirmed: ReadonlySet<string>
  /** Takes objects over from other sets. */
  readonly isAdopting: boolean
  /** The set may have no object at all. */
  readonly mayBeEmpty: boolean
  /** More than half of the objects may leave the set at once. */
  readonly mayShrink: boolean
  /**
   * Keys of the objects that are looked at, and changed. The others stay as the record has them. All are looked at where
   * a namespace or a definition is among them, whose end is that of others. Default: all.
   */
  readonly only?: ReadonlySet<string> | undefined
  readonly signal?: AbortSignal | undefined
}

export type DeliveryPlan = {
  readonly set: ObjectSet
  /** Objects that are looked at. */
  readonly stages: readonly Stage[]
  /** By the object of the set. */
  readonly checked: ReadonlyMap<ObjectSet['objects'][number], CheckedObject>
  readonly prunes: readonly PruneDecision[]
  /** Objects that left the set, and belong to it until they are deleted. */
  readonly leaving: Inventory
  /** Objects of the set that are not looked at, as the record has them. */
  readonly others: Inventory
  readonly problems: readonly DeliveryProblem[]
  readonly stored: StoredRecord | undefined
  /** The identity of the cluster. */
  readonly cluster: string
  /** SHA-256 of the objects, hexadecimal. */
  readonly content: string
  readonly check: Check
}

/**
 * @throws DeliveryError `invalid` or `no-such-kind` for objects that can't be sent, `shrink` for a set that lost too much,
 *   KubernetesError where the cluster doesn't answer.
 */
export async function planDelivery(cluster: Cluster, request: PlanRequest): Promise<DeliveryPlan> {
  const { name, signal } = request
  const [stored, identity, scopeOf] = await Promise.all([
    loadRecord(cluster, name),
    cluster.identity(),
    findScopes(
      cluster,
      request.objects.map(({ object }) => object),
    ),
  ])
  const { set, problems } = makeSet(request.objects, { ...request, scopeOf })
  if (problems.length > 0) {
    const unknown = request.objects.filter(({ object }) => scopeOf(object) === undefined)
    const kind = problems.length === unknown.length ? 'no-such-kind' : 'invalid'
    throw new DeliveryError(kind, 'the objects can’t be delivered', { problems })
  }
  const inventory = stored?.record.cluster === identity ? stored.record.inventory : []
  const owner = `${name.namespace}/${name.name}`
  const names = set.objects.map((one) => one.name)
  const left = leavingEntries(inventory, names)
  const prunes = await decidePrunes(cluster, request.isPruning ? left : [], {
    owner,
    confirmed: request.confirmed,
    home: name.namespace,
  })
  const deleted = prunes.filter(({ kind }) => kind === 'delete').length
  assertNotShrunk(name, { objects: names.length, kept: inventory.length - left.length, deleted }, request)
  const found = {
    owner,
    isAdopting: request.isAdopting,
    ignore: {
      rules: request.ignore,
      namespace: request.namespace,
      scaled: await findScaled(cluster, set.objects, request.namespace),
    },
    signal,
  }
  // A record that isn't whole says too little about objects that aren't looked at.
  const isWhole = stored?.record.cluster === identity && stored.record.attempt === undefined
  const looked = isWhole ? namedObjects(set.objects, request.only) : set.objects
  const definitions = await checkAll(cluster, looked.filter(isDefinition), {
    ...found,
    coming: comingWith(set.objects),
  })
  const changing = new Set(
    definitions.flatMap(({ object, change }) => (change.kind === 'change' ? [object] : [])),
  )
  const check: Check = { ...found, coming: comingWith(set.objects, (one) => changing.has(one)) }
  const others = await checkAll(
    cluster,
    looked.filter((one) => !isDefinition(one)),
    check,
  )
  const checks = afterNamespaces([...definitions, ...others])
  return {
    set,
    stages: stagesOf(looked),
    checked: new Map(checks.map((one) => [one.object, one])),
    prunes,
    leaving: request.isPruning ? prunes.filter(isLeaving).map(({ entry }) => entry) : left,
    others: leavingEntries(inventory, [...left, ...looked.map((one) => one.name)]),
    problems: checks.flatMap(problemOfCheck),
    stored,
    cluster: identity,
    content: contentOf(set.objects),
    check,
  }
}

function namedObjects(
  objects: readonly SetObject[],
  only: ReadonlySet<string> | undefined,
): readonly SetObject[] {
  const named = objects.filter(({ name }) => only?.has(keyOf(name)) === true)
  const holdsOthers = named.some((one) => isDefinition(one) || groupKindOf(one.name) === 'Namespace')
  return only === undefined || holdsOthers ? objects : named
}

function isLeaving({ kind }: PruneDecision): boolean {
  return kind === 'delete' || kind === 'protected'
}

/** Whether carrying out the plan would change nothing, not even the record of the set. */
export function isIdle({ checked, prunes, stored, set, cluster, content }: DeliveryPlan): boolean {
  const current = stored === undefined ? undefined : currentGeneration(stored.record)
  return (
    [...checked.values()].every(({ change }) => change.kind === 'unchanged') &&
    prunes.every(({ kind }) => kind === 'protected') &&
    stored?.record.attempt === undefined &&
    stored?.record.cluster === cluster &&
    current?.revision === set.revision &&
    current.content === content &&
    current.outcome !== 'failed'
  )
}

function problemOfCheck({ object, change }: CheckedObject): readonly DeliveryProblem[] {
  if (change.kind === 'refused') return [change.problem]
  if (change.kind !== 'owned') return []
  const message = `belongs to the set ${change.owner}: remove it from one of the two, or take it over with --adopt`
  return [{ object: object.name, place: object.placeOf([]), message }]
}

export function describePrune({ entry, ...decision }: PruneDecision): string {
  switch (decision.kind) {
    case 'delete':
      return `${displayName(entry)} will be deleted`
    case 'absent':
      return `${displayName(entry)} is not there any more`
    case 'release':
    case 'protected':
      return `${displayName(entry)} stays: ${decision.reason}`
  }
}
