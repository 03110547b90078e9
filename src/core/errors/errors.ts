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

export class RegistryError extends Error {
  readonly kind: ErrorKind
  readonly detail: ErrorDetail | undefined

  constructor(
    kind: ErrorKind,
    message: string,
    options: { readonly detail?: ErrorDetail; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RegistryError'
    this.kind = kind
    this.detail = options.detail
  }
}
