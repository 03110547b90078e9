/**
 * Watches the delivered objects of a target: one watch for each kind and namespace, however many profiles have objects
 * there. It reports objects that another program may have changed or deleted. Whether they drifted is for a dry run to say.
 */
import type { Cluster, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import { Informer, type InformerEvent } from '../../kubernetes/client/informer.ts'
import { KubernetesError, type KubernetesErrorKind } from '../../kubernetes/client/kubernetes-error.ts'
import { keyOf } from '../../delivery/set/object-name.ts'
import { isSuspect, slimCluster } from './slim-object.ts'

/** @param user the profile that the object belongs to. */
export type OnSuspect = (user: string, object: ObjectName) => void

/** Failures that asking again does not end. */
const UNWATCHABLE: ReadonlySet<KubernetesErrorKind> = new Set(['forbidden', 'no-such-kind', 'unauthorized'])

type Group = { readonly users: Set<string>; readonly stop: () => void }

export class TargetWatches {
  readonly #cluster: Cluster
  readonly #onSuspect: OnSuspect
  readonly #groups = new Map<string, Group>()
  readonly #owners = new Map<string, string>()
  readonly #objects = new Map<string, ReadonlySet<string>>()

  constructor(cluster: Cluster, onSuspect: OnSuspect) {
    this.#cluster = slimCluster(cluster)
    this.#onSuspect = onSuspect
  }

  /** The number of watches. */
  get size(): number {
    return this.#groups.size
  }

  /** Watches these objects for a user, and no others. */
  watch(user: string, objects: readonly ObjectName[]): void {
    for (const key of this.#objects.get(user) ?? [])
      if (this.#owners.get(key) === user) this.#owners.delete(key)
    const keys = new Set(objects.map(keyOf))
    this.#objects.set(user, keys)
    for (const key of keys) this.#owners.set(key, user)
    const wanted = new Map(objects.map((object) => [groupKey(object), object]))
    for (const [key, { apiVersion, kind, namespace }] of wanted)
      (this.#groups.get(key) ?? this.#begin(key, { apiVersion, kind, namespace })).users.add(user)
    this.#drop(user, (key) => !wanted.has(key))
  }

  unwatch(user: string): void {
    this.watch(user, [])
    this.#objects.delete(user)
  }

  close(): void {
    for (const { stop } of this.#groups.values()) stop()
    this.#groups.clear()
  }

  #begin(key: string, { apiVersion, kind, namespace }: Omit<ObjectName, 'name'>): Group {
    const end = new AbortController()
    const group: Group = { users: new Set(), stop: () => end.abort() }
    this.#groups.set(key, group)
    let isListed = false
    const informer = new Informer(
      this.#cluster,
      { apiVersion, kind },
      {
        namespace,
        onEvent: (event) => this.#judge(event),
        onTrouble: (error) => {
          // Objects that can't be watched from the first are not asked for again: the interval finds their drift. A
          // definition that is replaced, or a server that begins and knows no roles yet, is waited for.
          if (isListed || !(error instanceof KubernetesError) || !UNWATCHABLE.has(error.kind)) return
          end.abort()
          if (this.#groups.get(key) === group) this.#groups.delete(key)
        },
      },
    )
    void informer.synced.then(() => (isListed = true))
    void informer.run(end.signal)
    return group
  }

  #drop(user: string, isUnwanted: (group: string) => boolean): void {
    for (const [key, { users, stop }] of this.#groups) {
      if (!isUnwanted(key)) continue
      users.delete(user)
      if (users.size > 0) continue
      stop()
      this.#groups.delete(key)
    }
  }

  #judge(event: InformerEvent): void {
    if (event.kind === 'added') return
    if (event.kind === 'modified' && !isSuspect(event.before, event.object)) return
    const name = nameOf(event.object)
    const user = this.#owners.get(keyOf(name))
    if (user !== undefined) this.#onSuspect(user, name)
  }
}

function nameOf({ apiVersion, kind, metadata }: LiveObject): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

function groupKey({ apiVersion, kind, namespace }: ObjectName): string {
  return JSON.stringify([apiVersion, kind, namespace ?? ''])
}
