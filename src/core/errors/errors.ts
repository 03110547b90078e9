/**
 * Every failure that a request may expect, as one error with a `kind`. What the kind means in HTTP and OCI
 * terms stands in `http/error-table.ts` alone; nothing here or below knows a status code.
 */

export type ErrorKind =
  | 'name-invalid'
  /** There is no such store path. */
  | 'name-unknown'
  /** There is no such address on this server. */
  | 'not-found'
  | 'manifest-unknown'
  | 'blob-unknown'
  | 'digest-invalid'
  | 'denied'
  | 'unauthorized'
  /** The client sent wrong tokens too often. */
  | 'too-many-guesses'
  /** The client has no certificate that may be used here. */
  | 'certificate-needed'
  /** The request is for a host that isn't this server. */
  | 'misdirected'
  /** A web page of another site sent the request. */
  | 'cross-site'
  /** The client has a condition that isn't met. */
  | 'precondition-failed'
  | 'pending'
  | 'build-failed'
  /** No builder can do the build, today or tomorrow. */
  | 'no-builder'
  | 'fetch-failed'
  | 'lookup-failed'
  | 'no-space'
  | 'unservable'
  | 'unavailable'
  /** The client has as much under way as one may have. */
  | 'too-many-requests'
  /** Too many clients at once. */
  | 'overloaded'
  | 'unsupported'
  /** Kubernetes manifests, or what else was sent to be read, that can't be. */
  | 'manifest-invalid'
  | 'malformed'
  | 'refused'
  | 'too-large'
  /** A body that takes longer than its deadline. */
  | 'too-slow'
  /** Too much is sent, or being read, at once. */
  | 'busy'

/** Facts beside the message, as JSON. Which of them a client sees is for http/error-table.ts to say. */
export type ErrorDetail = { readonly [key: string]: string | number | boolean | readonly string[] }

/** The facts of a failure beside its kind and message. */
export type ErrorFacts = {
  readonly detail?: ErrorDetail | undefined
  /** The cause in a few words. Clients that show one line alone show it, as the reason phrase of the response. */
  readonly brief?: string | undefined
  /** The hash that the journal knows the build or fetch by. */
  readonly build?: string | undefined
  /** Seconds after which the client should ask again. */
  readonly retryAfterSeconds?: number | undefined
}

export class RegistryError extends Error {
  readonly kind: ErrorKind
  readonly facts: ErrorFacts

  constructor(kind: ErrorKind, message: string, options: ErrorFacts & { readonly cause?: unknown } = {}) {
    const { cause, ...facts } = options
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RegistryError'
    this.kind = kind
    this.facts = facts
  }

  get detail(): ErrorDetail | undefined {
    return this.facts.detail
  }
}
