/**
 * Follows the objects of one kind and namespace: it lists them once, and watches from there. A watch that ends is
 * resumed. Where watching isn't possible or isn't wanted, the list is repeated.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, LiveObject, ObjectName } from '../../kubernetes/client/cluster.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { nameKey, type ObjectGroup } from './object-groups.ts'

export type GroupListener = {
  readonly see: (object: LiveObject) => Promise<void>
  /** The object isn't there, or not any more. */
  readonly gone: (name: ObjectName) => void
  /** The server didn't answer; it is asked again. */
  readonly trouble: (error: KubernetesError) => void
  /** Whether nothing more of the group is waited for. */
  readonly isOver: () => boolean
}

export type FollowOptions = {
  readonly isWatched: boolean
  /** Milliseconds between two lists. */
  readonly pollMs: number
  /** Ends the following, without an error. */
  readonly signal: AbortSignal
}

/** Failures that asking again doesn't mend. */
const LASTING = new Set(['forbidden', 'unauthorized', 'no-such-kind', 'configuration'])
/** A watch may be forbidden where a list isn't, or be impossible through a proxy. */
const UNWATCHABLE = new Set(['forbidden', 'malformed', 'invalid', 'not-found'])

/** @throws KubernetesError for what can't be read, now and later. */
export async function followGroup(
  cluster: Cluster,
  group: ObjectGroup,
  listener: GroupListener,
  { isWatched, pollMs, signal }: FollowOptions,
): Promise<void> {
  let canWatch = isWatched
  while (!signal.aborted && !listener.isOver()) {
    try {
      const version = await listGroup(cluster, group, listener, signal)
      if (canWatch) canWatch = await watchGroup(cluster, group, listener, version, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof KubernetesError) || LASTING.has(error.kind)) throw error
      listener.trouble(error)
    }
    if (!listener.isOver()) await delay(pollMs, undefined, { signal }).catch(() => undefined)
  }
}

/** @returns the version from which a watch sees what comes after. */
async function listGroup(
  cluster: Cluster,
  group: ObjectGroup,
  listener: GroupListener,
  signal: AbortSignal,
): Promise<string> {
  const { items, resourceVersion } = await cluster.list(group.kind, { ...listing(group), signal })
  const seen = new Set<string>()
  for (const object of items) {
    seen.add(nameKey(nameOf(object, group)))
    await listener.see({ ...object, ...group.kind })
  }
  for (const name of group.names) if (!seen.has(nameKey(name))) listener.gone(name)
  return resourceVersion
}

/** Until the group is over, or must be listed again. @returns whether it can be watched. */
async function watchGroup(
  cluster: Cluster,
  group: ObjectGroup,
  listener: GroupListener,
  from: string,
  signal: AbortSignal,
): Promise<boolean> {
  let resourceVersion = from
  while (!signal.aborted && !listener.isOver()) {
    const before = resourceVersion
    // The request ends when the loop does.
    const done = new AbortController()
    const options = { ...listing(group), resourceVersion, signal: AbortSignal.any([signal, done.signal]) }
    try {
      for await (const event of cluster.watch(group.kind, options)) {
        resourceVersion =
          event.kind === 'bookmark' ? event.resourceVersion : event.object.metadata.resourceVersion
        if (event.kind === 'deleted') listener.gone(nameOf(event.object, group))
        else if (event.kind !== 'bookmark') await listener.see({ ...event.object, ...group.kind })
        if (listener.isOver()) return true
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof KubernetesError)) throw error
      if (UNWATCHABLE.has(error.kind)) return false
      if (error.kind === 'expired') return true
      throw error
    } finally {
      done.abort()
    }
    // A watch that ends at once, again and again, must not become a storm of requests.
    if (resourceVersion === before) return true
  }
  return true
}

/** One object is asked for by its name, so that the others of its namespace aren't sent. */
function listing({ namespace, names }: ObjectGroup) {
  const [name] = names
  const isAlone = names.length === 1 && name !== undefined
  return { namespace, ...(isAlone ? { fieldSelector: `metadata.name=${name.name}` } : {}) }
}

function nameOf({ metadata }: LiveObject, { kind: { apiVersion, kind } }: ObjectGroup): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}
