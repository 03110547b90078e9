/** The contract to a cluster: the few requests that a delivery makes to an API server. */
import type { Json } from '../../core/json.ts'
import type { KindName, Resource } from './discovery.ts'

export type ObjectName = KindName & {
  /** Absent for objects of the whole cluster. */
  readonly namespace: string | undefined
  readonly name: string
}

/** An object as the server has it. */
export type LiveObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: LiveMetadata
  readonly [key: string]: Json
}

type LiveMetadata = {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly [key: string]: Json
}

/** An object as it is sent to the server. */
export type DesiredObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: Json }
  readonly [key: string]: Json
}

export type ApplyOptions = {
  /** The server checks the object, returns the result and changes nothing. */
  readonly isDryRun?: boolean
  /** Takes fields over from other managers. */
  readonly force?: boolean
  /** Default: `pushless`. */
  readonly fieldManager?: string
  /** Default: the object without its status. */
  readonly subresource?: 'status'
  readonly signal?: AbortSignal | undefined
}

export type Removal = {
  /** Only the object with this UID is removed. */
  readonly uid: string
  /** Default: `Background`. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly isDryRun?: boolean
  readonly signal?: AbortSignal | undefined
}

export type Page = { readonly items: readonly LiveObject[]; readonly resourceVersion: string }

export type ListOptions = {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export type WatchEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: LiveObject }
  /** Nothing happened until this version. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string }

/** Each method throws a KubernetesError, or the reason of the signal. */
export type Cluster = {
  /** The API server's address, for messages. */
  readonly server: string
  /** The namespace of objects that name none. */
  readonly namespace: string
  /** An identity that no other cluster has: the UID of the namespace kube-system. */
  readonly identity: () => Promise<string>
  /** @returns nothing for a kind that the server doesn't have. */
  readonly resource: (kind: KindName) => Promise<Resource | undefined>
  /** Makes the next question for a kind go to the server, as after a CRD was applied. */
  readonly forgetKinds: () => void
  /** @returns nothing where there is no such object. @throws KubernetesError `no-such-kind`. */
  readonly get: (name: ObjectName, signal?: AbortSignal) => Promise<LiveObject | undefined>
  /** Server-side apply. @returns the object as it is now, or as it would be. */
  readonly apply: (object: DesiredObject, options?: ApplyOptions) => Promise<LiveObject>
  /** @throws KubernetesError `already-exists`. */
  readonly create: (object: DesiredObject, signal?: AbortSignal) => Promise<LiveObject>
  /**
   * Replaces an object, only if it still has the resourceVersion that its metadata names.
   * @throws KubernetesError `conflict` where it has another.
   */
  readonly replace: (object: LiveObject, signal?: AbortSignal) => Promise<LiveObject>
  /** Changes an object by a JSON patch (RFC 6902). @throws KubernetesError `invalid` where a test of it fails. */
  readonly patch: (name: ObjectName, operations: readonly Json[], signal?: AbortSignal) => Promise<LiveObject>
  /** @returns whether an object with that UID was there. */
  readonly remove: (name: ObjectName, removal: Removal) => Promise<'removed' | 'absent' | 'another'>
  /** All objects of a kind, page by page. */
  readonly list: (kind: KindName, options?: ListOptions) => Promise<Page>
  /** Ends where the server ends it, which it does every few minutes. */
  readonly watch: (
    kind: KindName,
    options: ListOptions & { readonly resourceVersion: string },
  ) => AsyncGenerator<WatchEvent>
  readonly close: () => void
}
