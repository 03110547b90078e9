/** A cluster behind a real API server. */
import type { Json } from '../../core/json.ts'
import type { ClusterAccess } from './cluster-access.ts'
import type { ApplyOptions, Cluster, DesiredObject, ListOptions, LiveObject, ObjectName } from './cluster.ts'
import type { KubernetesRequest } from './transport/connection.ts'
import { Discovery, type KindName, type Resource } from './discovery.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { listPages } from './list-pages.ts'
import { liveObject } from './live-object.ts'
import { removeObject } from './remove-object.ts'
import { abortable } from './transport/abortable.ts'
import { Transport, type TransportOptions } from './transport/transport.ts'
import { watchStream } from './watch-stream.ts'

/** The owner of the fields that this program sets. */
export const FIELD_MANAGER = 'pushless'

export type ClusterOptions = TransportOptions & {
  /** Milliseconds that a watch may give no sign. Default: a little longer than the server lets it last. */
  readonly watchSilentMs?: number
}

/**
 * Seconds that a watch lasts at least; up to a quarter more, so that all don't end together. The server ends it, or the
 * connection is dead. Silence in between means nothing: a kind that doesn't change has no bookmarks either.
 */
const WATCH_SECONDS = 240
const WATCH_LATE_MS = 15_000

/** @throws KubernetesError of any kind, in each method. */
export function kubernetesCluster(access: ClusterAccess, options: ClusterOptions = {}): Cluster {
  const transport = new Transport(access, options)
  const discovery = new Discovery(transport)
  const random = options.random ?? Math.random

  const resourceOf = async (kind: KindName, signal: AbortSignal | undefined): Promise<Resource> => {
    const found = await abortable(discovery.resource(kind), signal)
    if (found !== undefined) return found
    throw new KubernetesError('no-such-kind', `the server has no kind ${kind.kind} of ${kind.apiVersion}`)
  }
  /** The path of an object, or of its collection where it isn't named. */
  const pathOf = async (
    object: KindName & Partial<ObjectName>,
    signal: AbortSignal | undefined,
  ): Promise<string> => {
    const resource = await resourceOf(object, signal)
    const collection = collectionPath(resource, object.namespace ?? access.namespace)
    return object.name === undefined ? collection : `${collection}/${encodeURIComponent(object.name)}`
  }
  const ask = async (asked: KubernetesRequest): Promise<Json> => {
    try {
      return await transport.json(asked)
    } catch (error) {
      // The kind was there and went, such as by its CRD.
      if (error instanceof KubernetesError && error.kind === 'no-such-kind') discovery.forget()
      throw error
    }
  }
  const get = async (name: ObjectName, signal?: AbortSignal): Promise<LiveObject | undefined> => {
    const path = await pathOf(name, signal)
    try {
      return liveObject(await ask({ method: 'GET', path, signal }))
    } catch (error) {
      if (error instanceof KubernetesError && error.kind === 'not-found') return undefined
      throw error
    }
  }

  return {
    server: access.server.href.replace(/\/$/, ''),
    namespace: access.namespace,
    identity: async () => {
      const path = '/api/v1/namespaces/kube-system'
      return liveObject(await ask({ method: 'GET', path })).metadata.uid
    },
    resource: async (kind) => discovery.resource(kind),
    forgetKinds: () => discovery.forget(),
    get,
    apply: async (object, apply = {}) => {
      const path = await pathOf(nameOf(object), apply.signal)
      const subresource = apply.subresource === undefined ? '' : `/${apply.subresource}`
      const answer = await ask({
        method: 'PATCH',
        path: `${path}${subresource}?${applyQuery(apply)}`,
        // JSON is YAML, which this type asks for.
        contentType: 'application/apply-patch+yaml',
        body: JSON.stringify(object),
        signal: apply.signal,
      })
      return liveObject(answer)
    },
    create: async (object, signal) => {
      const { apiVersion, kind, namespace } = nameOf(object)
      const path = await pathOf({ apiVersion, kind, namespace }, signal)
      const body = JSON.stringify(object)
      return liveObject(await ask({ method: 'POST', path: `${path}?${writeQuery()}`, body, signal }))
    },
    replace: async (object, signal) => {
      const path = await pathOf(nameOf(object), signal)
      const body = JSON.stringify(object)
      return liveObject(await ask({ method: 'PUT', path: `${path}?${writeQuery()}`, body, signal }))
    },
    patch: async (name, operations, signal) => {
      const path = `${await pathOf(name, signal)}?${writeQuery()}`
      const contentType = 'application/json-patch+json'
      const body = JSON.stringify(operations)
      return liveObject(await ask({ method: 'PATCH', path, contentType, body, signal }))
    },
    remove: async (name, removal) => {
      try {
        const path = await pathOf(name, removal.signal)
        return await removeObject(path, removal, ask, async () => get(name, removal.signal))
      } catch (error) {
        if (!(error instanceof KubernetesError)) throw error
        if (error.kind === 'not-found' || error.kind === 'no-such-kind') return 'absent'
        throw error
      }
    },
    list: async (kind, listing = {}) => {
      const { signal } = listing
      const path = collectionPath(await resourceOf(kind, signal), listing.namespace)
      return listPages(listQuery(listing), async (query) =>
        ask({ method: 'GET', path: `${path}?${query.toString()}`, signal }),
      )
    },
    watch: async function* (kind, { resourceVersion, signal, ...listing }) {
      const path = collectionPath(await resourceOf(kind, signal), listing.namespace)
      const query = listQuery(listing)
      query.set('watch', 'true')
      query.set('allowWatchBookmarks', 'true')
      query.set('resourceVersion', resourceVersion)
      const seconds = Math.round(WATCH_SECONDS * (1 + random() / 4))
      query.set('timeoutSeconds', String(seconds))
      const asked = { method: 'GET', path: `${path}?${query.toString()}`, signal } as const
      yield* watchStream(transport, asked, options.watchSilentMs ?? seconds * 1000 + WATCH_LATE_MS)
    },
    close: () => transport.close(),
  }
}

function nameOf({ apiVersion, kind, metadata }: DesiredObject): ObjectName {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

/** @param namespace none for all namespaces. */
function collectionPath(
  { apiVersion, plural, isNamespaced }: Resource,
  namespace: string | undefined,
): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return isNamespaced && namespace !== undefined
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
    : `${root}/${plural}`
}

function applyQuery({ isDryRun = false, force = false, fieldManager }: ApplyOptions): string {
  return writeQuery(fieldManager, { force: String(force), ...(isDryRun ? { dryRun: 'All' } : {}) })
}

/** A field that the server doesn't know is a mistake, and never dropped in silence. */
function writeQuery(fieldManager = FIELD_MANAGER, options: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({ fieldManager, fieldValidation: 'Strict', ...options }).toString()
}

function listQuery({ labelSelector, fieldSelector }: ListOptions): URLSearchParams {
  return new URLSearchParams({
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  })
}
