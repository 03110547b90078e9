/** A request to a Kubernetes API server that failed. The kind says what the caller can do about it. */

export type KubernetesErrorKind =
  /** The kubeconfig can't be used: a file, a context or a program of it is missing or wrong. */
  | 'configuration'
  /** No connection, or one that broke before the answer. */
  | 'unreachable'
  | 'timeout'
  /** 401: the credentials are refused. */
  | 'unauthorized'
  | 'forbidden'
  /** The object, or its namespace, isn't there. */
  | 'not-found'
  /** The server knows no such kind. */
  | 'no-such-kind'
  /** 409: another writer owns a field, or the resourceVersion is old. */
  | 'conflict'
  | 'already-exists'
  /** 422 of which every cause is a field that never changes. */
  | 'immutable'
  | 'invalid'
  /** 410: the resourceVersion of a watch is too old. */
  | 'expired'
  | 'too-many-requests'
  /** A webhook, a quota or a policy refused the object, or its namespace is being removed. */
  | 'denied'
  /** The answer is none that an API server gives, such as a page of HTML. */
  | 'malformed'
  | 'server'

/** One field that the server complains about. */
export type FieldCause = { readonly field: string; readonly message: string }

export type KubernetesErrorFacts = {
  readonly status?: number | undefined
  readonly causes?: readonly FieldCause[] | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly isUnsent?: boolean
  readonly cause?: unknown
}

export class KubernetesError extends Error {
  readonly kind: KubernetesErrorKind
  readonly status: number | undefined
  readonly causes: readonly FieldCause[]
  readonly retryAfterSeconds: number | undefined
  /** The server certainly did nothing: it never got the request. */
  readonly isUnsent: boolean

  constructor(kind: KubernetesErrorKind, message: string, facts: KubernetesErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'KubernetesError'
    this.kind = kind
    this.status = facts.status
    this.causes = facts.causes ?? []
    this.retryAfterSeconds = facts.retryAfterSeconds
    this.isUnsent = facts.isUnsent ?? false
  }
}
