/**
 * A cluster whose requests all end with a signal. A server that takes connections and says nothing would otherwise hold
 * the work on a profile for a minute after its spec changed.
 */
import type { Cluster } from '../../kubernetes/client/cluster.ts'

/** Both signals count where a request has one of its own. */
export function boundCluster(cluster: Cluster, signal: AbortSignal): Cluster {
  const both = (own: AbortSignal | undefined): AbortSignal =>
    own === undefined || own === signal ? signal : AbortSignal.any([own, signal])
  return {
    ...cluster,
    identity: async () => endedBy(signal, cluster.identity()),
    resource: async (kind) => endedBy(signal, cluster.resource(kind)),
    get: async (name, own) => endedBy(signal, cluster.get(name, both(own))),
    apply: async (object, options = {}) =>
      endedBy(signal, cluster.apply(object, { ...options, signal: both(options.signal) })),
    create: async (object, own) => endedBy(signal, cluster.create(object, both(own))),
    replace: async (object, own) => endedBy(signal, cluster.replace(object, both(own))),
    patch: async (name, operations, own) => endedBy(signal, cluster.patch(name, operations, both(own))),
    remove: async (name, removal) =>
      endedBy(signal, cluster.remove(name, { ...removal, signal: both(removal.signal) })),
    list: async (kind, options = {}) =>
      endedBy(signal, cluster.list(kind, { ...options, signal: both(options.signal) })),
    watch: (kind, options) => cluster.watch(kind, { ...options, signal: both(options.signal) }),
  }
}

/** A request that waits for another one, such as for the kinds of the server, hears no signal by itself. */
async function endedBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(signal.reason as Error)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', end)
    promise.catch(() => undefined)
    work.catch(() => undefined)
  }
}
