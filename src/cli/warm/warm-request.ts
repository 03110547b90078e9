/** Asks a registry for a manifest as a client that pulls does, until it is there or can't be. */
import { setTimeout } from 'node:timers/promises'
import type { ImageName } from '../../core/oci/image-name.ts'
import { referenceBase } from '../../core/oci/reference.ts'
import { STORE_DIR } from '../../core/nix/store-path.ts'
import { unreachable } from '../unreachable.ts'

/** One error of an OCI error body; also where a registry sent none. */
export type OciError = {
  readonly code: string
  readonly message: string
  readonly detail?: Readonly<Record<string, unknown>>
}

export type Outcome =
  | { readonly kind: 'ready'; readonly digest: string }
  | { readonly kind: 'failed'; readonly errors: readonly OciError[] }

/** Seconds between tries where the registry doesn't say. */
const RETRY_S = 5
const MIN_RETRY_S = 1
/** A registry that is started, or waits for Nix, is there within a minute. */
const MAX_TROUBLES = 10
const TROUBLE_RETRY_S = 2
/** Characters of a foreign answer that are shown: the page of a proxy may be long. */
const MAX_TEXT = 300

/**
 * @param registry with the slash behind its path.
 * @param onWaiting hears why the answer is put off, each time that it is.
 * @throws the signal's reason.
 */
export async function requestImage(
  registry: URL,
  image: ImageName,
  onWaiting: (error: OciError) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const { reference, selector } = image
  const end = selector.kind === 'tag' ? selector.tag : selector.digest
  const repository = `${STORE_DIR.slice(1)}/${referenceBase(reference)}`
  const url = new URL(`v2/${encodeURI(repository).replaceAll('?', '%3F')}/manifests/${end}`, registry)
  for (let troubles = 0; ;) {
    const answer = await askOnce(url, signal)
    if (answer.kind !== 'later') return answer
    troubles = answer.isTrouble ? troubles + 1 : 0
    if (troubles === MAX_TROUBLES) return { kind: 'failed', errors: [answer.error] }
    onWaiting(answer.error)
    await setTimeout(answer.seconds * 1000, undefined, { signal })
  }
}

type Answer =
  | Outcome
  | {
      readonly kind: 'later'
      readonly error: OciError
      readonly seconds: number
      readonly isTrouble: boolean
    }

/** GET, since the answer to a HEAD says nothing of why. Redirects (307, the registry's own) are followed by fetch. */
async function askOnce(url: URL, signal: AbortSignal): Promise<Answer> {
  let response, text
  try {
    response = await fetch(url, { signal })
    text = await response.text()
  } catch (cause) {
    signal.throwIfAborted()
    const error = { code: 'UNREACHABLE', message: `cannot reach ${url.origin}: ${unreachable(cause)}` }
    return { kind: 'later', error, seconds: TROUBLE_RETRY_S, isTrouble: true }
  }
  const { status, headers } = response
  if (status === 200) return { kind: 'ready', digest: headers.get('docker-content-digest') ?? '' }
  const errors = errorsIn(text) ?? [
    { code: 'UNKNOWN', message: `${status} ${response.statusText}: ${text.slice(0, MAX_TEXT)}`.trim() },
  ]
  // A gateway before the registry that has nobody to ask is as good as a registry that isn't there yet.
  const isTrouble = status === 502 || status === 503 || status === 504
  const [error] = errors
  if (error === undefined || (status !== 429 && !isTrouble)) return { kind: 'failed', errors }
  return { kind: 'later', error, seconds: retryAfter(headers.get('retry-after')), isTrouble }
}

/** Seconds of a `Retry-After` (RFC 9110, 10.2.3): a number of them, or a date. */
export function retryAfter(value: string | null, now = Date.now()): number {
  const text = value?.trim() ?? ''
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000
  return Number.isFinite(seconds) ? Math.max(MIN_RETRY_S, seconds) : RETRY_S
}

function errorsIn(text: string): readonly OciError[] | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown }
    return Array.isArray(errors) && errors.length > 0 && errors.every(isOciError) ? errors : undefined
  } catch {
    return undefined
  }
}

function isOciError(value: unknown): value is OciError {
  if (typeof value !== 'object' || value === null) return false
  const { code, message, detail = {} } = value as { code?: unknown; message?: unknown; detail?: unknown }
  return (
    typeof code === 'string' && typeof message === 'string' && typeof detail === 'object' && detail !== null
  )
}
