/** A cluster in memory, as far as health asks one: gets, lists and watches, each of which is counted. */
import type { Cluster, LiveObject, ListOptions, WatchEvent } from '../../src/kubernetes/client/cluster.ts'
import type { KubernetesError } from '../../src/kubernetes/client/kubernetes-error.ts'
import type { KindName } from '../../src/kubernetes/client/discovery.ts'
import { fieldAt, textAt } from '../../src/core/json-fields.ts'

const OF_THE_CLUSTER = new Set(['Namespace', 'CustomResourceDefinition', 'StorageClass'])

export type FakeCluster = Cluster & {
  /** Such as `list Pod`, in order. */
  readonly requests: readonly string[]
  readonly put: (object: LiveObject) => void
  readonly drop: (object: LiveObject) => void
  /** Ends all watches, as servers do from time to time. */
  readonly endWatches: () => void
  /** Lets the next requests of a verb and kind fail, such as `watch Pod`. */
  readonly fail: (request: string, error: KubernetesError, times?: number) => void
}

async function no(): Promise<never> {
  throw new Error('health changes nothing')
}

export function fakeCluster(objects: readonly LiveObject[]): FakeCluster {
  const state = new Map(objects.map((object) => [keyOf(object), object]))
  const requests: string[] = []
  const failures = new Map<string, KubernetesError[]>()
  const watchers = new Set<(event: WatchEvent | undefined) => void>()
  const ask = (request: string) => {
    requests.push(request)
    const failure = failures.get(request)?.shift()
    if (failure !== undefined) throw failure
  }
  const send = (event: WatchEvent | undefined) => {
    for (const watcher of watchers) watcher(event)
  }
  return {
    server: 'https://fake',
    namespace: 'default',
    requests,
    identity: async () => 'fake',
    resource: async ({ apiVersion, kind }) => ({
      apiVersion,
      kind,
      plural: `${kind.toLowerCase()}s`,
      isNamespaced: !OF_THE_CLUSTER.has(kind),
      verbs: new Set(['list', 'watch']),
    }),
    forgetKinds: () => undefined,
    get: async ({ kind, namespace, name }) => {
      ask(`get ${kind}`)
      return state.get(JSON.stringify([kind, namespace, name]))
    },
    list: async (kind, options = {}) => {
      ask(`list ${kind.kind}`)
      options.signal?.throwIfAborted()
      return { items: [...state.values()].filter((one) => fits(one, kind, options)), resourceVersion: '1' }
    },
    watch: async function* (kind, options) {
      ask(`watch ${kind.kind}`)
      const queue: (WatchEvent | undefined)[] = []
      let wake = Promise.withResolvers<void>()
      const watcher = (event: WatchEvent | undefined) => {
        queue.push(event)
        wake.resolve()
      }
      const abort = () => watcher(undefined)
      options.signal?.addEventListener('abort', abort)
      watchers.add(watcher)
      try {
        for (;;) {
          while (queue.length > 0) {
            options.signal?.throwIfAborted()
            const event = queue.shift()
            if (event === undefined) return
            if (event.kind === 'bookmark' || fits(event.object, kind, options)) yield event
          }
          await wake.promise
          wake = Promise.withResolvers<void>()
        }
      } finally {
        watchers.delete(watcher)
        options.signal?.removeEventListener('abort', abort)
      }
    },
    apply: no,
    create: no,
    replace: no,
    patch: no,
    remove: no,
    close: () => undefined,
    put: (object) => {
      const isNew = !state.has(keyOf(object))
      state.set(keyOf(object), object)
      send({ kind: isNew ? 'added' : 'modified', object })
    },
    drop: (object) => {
      state.delete(keyOf(object))
      send({ kind: 'deleted', object })
    },
    endWatches: () => send(undefined),
    fail: (request, error, times = 1) =>
      failures.set(request, [
        ...(failures.get(request) ?? []),
        ...Array.from({ length: times }, () => error),
      ]),
  }
}

function keyOf({ kind, metadata }: LiveObject): string {
  return JSON.stringify([kind, metadata.namespace, metadata.name])
}

function fits(object: LiveObject, { kind }: KindName, options: ListOptions): boolean {
  const { namespace, fieldSelector = '', labelSelector = '' } = options
  if (object.kind !== kind || (namespace !== undefined && object.metadata.namespace !== namespace))
    return false
  const fields = pairs(fieldSelector).every(([name, value]) => textAt(object, ...name.split('.')) === value)
  const labels = fieldAt(object.metadata, 'labels')
  return fields && pairs(labelSelector).every(([name, value]) => textAt(labels, name) === value)
}

function pairs(selector: string): readonly [string, string][] {
  return selector === ''
    ? []
    : selector.split(',').map((pair) => {
        const at = pair.indexOf('=')
        return [pair.slice(0, at), pair.slice(at + 1)]
      })
}
