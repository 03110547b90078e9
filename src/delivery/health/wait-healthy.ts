/**
 * Waits until objects are healthy, with few requests. Objects of one kind and namespace are a group: it is listed once,
 * and watched from there. Many groups are listed from time to time instead, since a watch is a connection each.
 *
 * A server that doesn't answer is waited for, too, until the time is over. Objects that may not be read are an error.
 */
import type { Cluster, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import type { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { ClaimFacts } from './claim-facts.ts'
import { followGroup } from './follow-group.ts'
import type { Health } from './health.ts'
import { judgeHealth } from './judge-health.ts'
import { groupsOf, nameKey, type ObjectGroup } from './object-groups.ts'

/** The health of an object that is waited for. */
export type WaitedHealth =
  | Health
  | { readonly kind: 'deleted'; readonly reason: string }
  /** Nothing is known of it yet. */
  | { readonly kind: 'unknown'; readonly reason: string }

export type Unhealthy = { readonly name: ObjectName; readonly health: WaitedHealth }

export type WaitResult =
  | { readonly kind: 'healthy' }
  | {
      readonly kind: 'unhealthy'
      /** `failed` where an object has failed for good or is gone, so that waiting longer is of no use. */
      readonly cause: 'failed' | 'timeout'
      readonly objects: readonly Unhealthy[]
    }

export type WaitOptions = {
  /** Milliseconds. Default: until the signal aborts. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Objects as the server returned them just now, such as answers of apply. It spares their requests. */
  readonly known?: readonly LiveObject[]
  /** Hears each change of an object's health. */
  readonly onChange?: (name: ObjectName, health: WaitedHealth, object: LiveObject | undefined) => void
  /** Whether one failed object ends the wait. Default: true. */
  readonly stopsAtFailure?: boolean
  /** Milliseconds between two lists of a group that isn't watched. */
  readonly pollMs?: number
  /** With more groups than this, each is listed from time to time. */
  readonly watchesAtMost?: number
}

const POLL_MS = 2_000
/** With many groups, each is listed more seldom: at most four lists a second in all. */
const POLL_MS_PER_GROUP = 250
/** Connections beside those of requests. */
const WATCHES_AT_MOST = 6

/** @throws KubernetesError for what can't be read; the signal's reason. */
export async function waitHealthy(
  cluster: Cluster,
  names: readonly ObjectName[],
  options: WaitOptions = {},
): Promise<WaitResult> {
  const { timeoutMs, signal } = options
  signal?.throwIfAborted()
  const end = new AbortController()
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end.abort(), timeoutMs)
  const stopped = signal === undefined ? end.signal : AbortSignal.any([end.signal, signal])
  try {
    const inPlace = await Promise.all(names.map(async (name) => withNamespace(cluster, name)))
    const objects = new WaitedObjects(inPlace, options, () => end.abort())
    await followAll(cluster, objects, options, end, stopped)
    signal?.throwIfAborted()
    const unhealthy = objects.unhealthy()
    if (unhealthy.length === 0) return { kind: 'healthy' }
    const cause = unhealthy.some(({ health }) => isLost(health)) ? 'failed' : 'timeout'
    return { kind: 'unhealthy', cause, objects: unhealthy }
  } finally {
    clearTimeout(timer)
  }
}

/** Until all are healthy, or `stopped` aborts. */
async function followAll(
  cluster: Cluster,
  objects: WaitedObjects,
  { known = [], pollMs, watchesAtMost = WATCHES_AT_MOST }: WaitOptions,
  end: AbortController,
  stopped: AbortSignal,
): Promise<void> {
  const claims = new ClaimFacts(cluster)
  const see = async (object: LiveObject) => objects.judge(object, await claims.waitsForPod(object, stopped))
  for (const object of known) await see(object)
  const groups = groupsOf(objects.unhealthy().map(({ name }) => name))
  const followed = await Promise.allSettled(
    groups.map(async (group) => {
      const listener = {
        see,
        gone: (name: ObjectName) => objects.gone(name),
        trouble: (error: KubernetesError) => objects.unreadable(group, error.message),
        isOver: () => objects.isOver(group),
      }
      try {
        await followGroup(cluster, group, listener, {
          isWatched: groups.length <= watchesAtMost,
          pollMs: pollMs ?? Math.max(POLL_MS, groups.length * POLL_MS_PER_GROUP),
          signal: stopped,
        })
      } catch (error) {
        // One that can't go on ends the others.
        end.abort()
        throw error
      }
    }),
  )
  for (const one of followed) if (one.status === 'rejected') throw one.reason
}

/** The health of each object, as far as it is known. */
class WaitedObjects {
  readonly #options: WaitOptions
  readonly #end: () => void
  readonly #states: Map<string, Unhealthy>

  constructor(names: readonly ObjectName[], options: WaitOptions, end: () => void) {
    this.#options = options
    this.#end = end
    const health: WaitedHealth = { kind: 'unknown', reason: 'not seen yet' }
    this.#states = new Map(names.map((name) => [nameKey(name), { name, health }]))
  }

  unhealthy(): readonly Unhealthy[] {
    return [...this.#states.values()].filter(({ health }) => health.kind !== 'current')
  }

  isOver({ names }: ObjectGroup): boolean {
    return names.every((name) => {
      const health = this.#states.get(nameKey(name))?.health
      return health === undefined || health.kind === 'current' || isLost(health)
    })
  }

  /** Judges an object, if it is waited for. */
  judge(object: LiveObject, waitsForPod: boolean): void {
    const { apiVersion, kind, metadata } = object
    const name = { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
    this.#change(name, judgeHealth(object, { waitsForPod }), object)
  }

  gone(name: ObjectName): void {
    const isNew = this.#states.get(nameKey(name))?.health.kind === 'unknown'
    this.#change(
      name,
      { kind: 'deleted', reason: isNew ? 'there is no such object' : 'was deleted' },
      undefined,
    )
  }

  unreadable({ names }: ObjectGroup, reason: string): void {
    for (const name of names)
      if (this.#states.get(nameKey(name))?.health.kind === 'unknown')
        this.#change(name, { kind: 'unknown', reason }, undefined)
  }

  #change(name: ObjectName, health: WaitedHealth, object: LiveObject | undefined): void {
    const state = this.#states.get(nameKey(name))
    if (state === undefined) return
    if (state.health.kind === health.kind && state.health.reason === health.reason) return
    this.#states.set(nameKey(name), { name: state.name, health })
    this.#options.onChange?.(state.name, health, object)
    if (isLost(health) && this.#options.stopsAtFailure !== false) this.#end()
  }
}

function isLost({ kind }: WaitedHealth): boolean {
  return kind === 'failed' || kind === 'deleted'
}

/** The namespace as live objects have it: they always name one, unless their kind has none. */
async function withNamespace(cluster: Cluster, name: ObjectName): Promise<ObjectName> {
  const resource = await cluster.resource(name)
  if (resource === undefined) return name
  return { ...name, namespace: resource.isNamespaced ? (name.namespace ?? cluster.namespace) : undefined }
}
