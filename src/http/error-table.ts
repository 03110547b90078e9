/**
 * The one place where failures get their HTTP status and OCI code (OCI distribution-spec, "Error Codes"). The reason
 * phrase matters: of a failed HEAD containerd shows nothing else, so it is what stands in a Pod's events.
 */
import type { ErrorDetail, ErrorFacts, ErrorKind, RegistryError } from '../core/errors/errors.ts'

type Row = {
  readonly status: number
  readonly code: string
  /** A reason phrase, where the standard one says too little. */
  readonly reason?: string
  readonly retryAfterSeconds?: number
  /** How the client may identify itself (RFC 9110, 11.6.1); netrc answers to Basic. */
  readonly challenge?: string
  /**
   * Sent instead of the error's own message and detail, which go to the log, and with `isKnowable` to clients that may
   * know them.
   */
  readonly publicMessage?: string
  readonly isKnowable?: true
  readonly log: 'debug' | 'info' | 'warn' | 'error'
}

/** The time to retry, where the error has none of its own. Podman, skopeo and CRI-O wait that long between tries. */
const RETRY_AFTER_SECONDS = 5
/** The most characters of a reason phrase: an event of a Pod shows as many on one line. */
const REASON_LENGTH = 120
const NO_SPACE_RETRY_SECONDS = 60

/**
 * A path that may not be pulled looks like one that isn't there. Otherwise the registry would tell which paths a store
 * holds.
 */
const NO_SUCH_PATH = {
  status: 404,
  code: 'NAME_UNKNOWN',
  publicMessage: 'no such store path',
  isKnowable: true,
} as const

const TABLE = {
  'name-invalid': { status: 400, code: 'NAME_INVALID', log: 'debug' },
  'name-unknown': { ...NO_SUCH_PATH, log: 'info' },
  'not-found': { status: 404, code: 'NAME_UNKNOWN', log: 'info' },
  'manifest-unknown': { status: 404, code: 'MANIFEST_UNKNOWN', log: 'info' },
  'blob-unknown': { status: 404, code: 'BLOB_UNKNOWN', log: 'info' },
  'digest-invalid': { status: 400, code: 'DIGEST_INVALID', log: 'debug' },
  denied: { ...NO_SUCH_PATH, log: 'warn' },
  unauthorized: { status: 401, code: 'UNAUTHORIZED', challenge: 'Basic realm="pushless"', log: 'info' },
  'too-many-guesses': {
    status: 429,
    code: 'TOOMANYREQUESTS',
    reason: 'too many wrong tokens',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    // The first is logged where they are counted.
    log: 'debug',
  },
  'certificate-needed': { status: 403, code: 'DENIED', reason: 'client certificate needed', log: 'info' },
  misdirected: { status: 421, code: 'DENIED', reason: 'unknown host name, see --hosts', log: 'warn' },
  'cross-site': { status: 403, code: 'DENIED', reason: 'refused: sent by another web site', log: 'warn' },
  'precondition-failed': { status: 412, code: 'UNKNOWN', log: 'debug' },
  pending: {
    status: 429,
    code: 'TOOMANYREQUESTS',
    reason: 'not ready yet',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    log: 'info',
  },
  'build-failed': { status: 500, code: 'UNKNOWN', reason: 'nix build failed', log: 'error' },
  'no-builder': { status: 500, code: 'UNKNOWN', reason: 'nix build failed', log: 'error' },
  'fetch-failed': { status: 500, code: 'UNKNOWN', reason: 'nix fetch failed', log: 'error' },
  'lookup-failed': {
    status: 503,
    code: 'UNKNOWN',
    reason: 'nix cache lookup failed',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    log: 'error',
  },
  // Somebody has to make room first: clients that heed this needn't start a build every few seconds meanwhile.
  'no-space': {
    status: 503,
    code: 'UNKNOWN',
    reason: 'no space left for nix',
    retryAfterSeconds: NO_SPACE_RETRY_SECONDS,
    log: 'error',
  },
  unservable: { status: 500, code: 'UNKNOWN', reason: 'not servable as an image', log: 'error' },
  unavailable: {
    status: 503,
    code: 'UNKNOWN',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    publicMessage: 'the registry cannot answer just now; its log says why',
    log: 'error',
  },
  'too-many-requests': {
    status: 429,
    code: 'TOOMANYREQUESTS',
    reason: 'too much at once for one client',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    log: 'info',
  },
  overloaded: {
    status: 503,
    code: 'TOOMANYREQUESTS',
    reason: 'too many connections',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    log: 'debug',
  },
  unsupported: { status: 405, code: 'UNSUPPORTED', log: 'debug' },
  'manifest-invalid': { status: 400, code: 'MANIFEST_INVALID', log: 'info' },
  // Of uploads to the binary cache, where the code is read by nobody.
  malformed: { status: 400, code: 'UNKNOWN', log: 'info' },
  refused: { status: 403, code: 'DENIED', log: 'warn' },
  'too-large': { status: 413, code: 'SIZE_INVALID', log: 'info' },
  'too-slow': { status: 408, code: 'UNKNOWN', log: 'info' },
  busy: {
    status: 503,
    code: 'TOOMANYREQUESTS',
    reason: 'too much at once',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    log: 'info',
  },
} as const satisfies Record<ErrorKind, Row>

export type ErrorReply = Row & {
  readonly body: Buffer
  /** For clients that show a body as it is. */
  readonly text: string
}

/** The parts of a failure that this client may see, beyond those that everybody may. */
export type Audience = {
  /** Whether a store path is there, and why it isn't served. */
  readonly mayKnow: boolean
  /** The output of a builder, which may hold a secret. */
  readonly mayRead: boolean
}

export const PUBLIC: Audience = { mayKnow: false, mayRead: false }
export const OPERATOR: Audience = { mayKnow: true, mayRead: true }

export function errorReply({ kind, message, facts }: RegistryError, audience = PUBLIC): ErrorReply {
  const row: Row = TABLE[kind]
  const { brief, build, retryAfterSeconds } = facts
  const detail = detailOf(facts)
  const isOpen = row.publicMessage === undefined || (row.isKnowable === true && audience.mayKnow)
  const shown = audience.mayRead || detail === undefined ? detail : withoutLog(detail)
  const text = isOpen ? (audience.mayRead ? message : firstLine(message)) : (row.publicMessage ?? '')
  return {
    ...row,
    ...(row.reason === undefined ? {} : { reason: reasonPhrase(row.reason, brief) }),
    text,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    body: errorBody(row.code, text, isOpen && shown ? { ...shown, ...logUrl(build) } : undefined),
  }
}

function detailOf({ detail, retryAfterSeconds }: ErrorFacts): ErrorDetail | undefined {
  return retryAfterSeconds === undefined ? detail : { ...detail, retryAfterSeconds }
}

/** Nix quotes the end of the log in its own message, behind the first line. */
function withoutLog({ log: _log, reason, ...facts }: ErrorDetail): ErrorDetail {
  return typeof reason === 'string' ? { ...facts, reason: firstLine(reason) } : facts
}

/**
 * Returns the URL of a build or fetch by its hash (see builds.ts). It is a path, since the client knows better by
 * which host it reaches this server.
 */
export function buildUrl(hash: string): string {
  return `/builds/${hash}`
}

function logUrl(build: string | undefined): ErrorDetail {
  return build === undefined ? {} : { logUrl: buildUrl(build) }
}

/** With the cause behind it, in printable ASCII: what a builder or a name brings along must not end the line. */
function reasonPhrase(reason: string, brief: string | undefined): string {
  if (brief === undefined) return reason
  return `${reason}: ${brief.replaceAll(/[^\x20-\x7e]/g, '?')}`.slice(0, REASON_LENGTH)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

const INTERNAL_TEXT = 'internal error; the registry\u2019s log says more'

/** The reply for a defect of this server. It tells nothing about the defect. */
export const INTERNAL_ERROR: ErrorReply = {
  status: 500,
  code: 'UNKNOWN',
  log: 'error',
  text: INTERNAL_TEXT,
  body: errorBody('UNKNOWN', INTERNAL_TEXT),
}

function errorBody(code: string, message: string, detail?: ErrorDetail): Buffer {
  return Buffer.from(
    JSON.stringify({ errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }),
  )
}
