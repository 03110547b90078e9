/** Repeats requests that a server turns away or that break, in growing pauses with jitter, and never without end. */
import { setTimeout as delay } from 'node:timers/promises'
import { KubernetesError, type KubernetesErrorKind } from '../kubernetes-error.ts'

export type Retries = {
  /** Whether a request that the server may have carried out can be made again. */
  readonly isRepeatable: boolean
  /** Failures after which it is repeated. */
  readonly kinds: ReadonlySet<KubernetesErrorKind>
  /** From 0 to 1. */
  readonly random: () => number
  readonly signal?: AbortSignal | undefined
}

const TRIES = 5
const FIRST_PAUSE_MS = 200
/** The longest pause that a server may ask for. */
const MAX_PAUSE_MS = 30_000
/** No try begins later than this. */
const LIMIT_MS = 60_000
/** The server turns away all requests of this client. */
export const TURNED_AWAY: ReadonlySet<KubernetesErrorKind> = new Set(['too-many-requests'])
/** One request failed, which says little about others: its webhook may be down. */
export const BROKEN: ReadonlySet<KubernetesErrorKind> = new Set(['unreachable', 'server', 'timeout'])

/** @throws the last error. */
export async function retried<T>(once: () => Promise<T>, retries: Retries): Promise<T> {
  const end = performance.now() + LIMIT_MS
  for (let attempt = 1; ; attempt++) {
    try {
      return await once()
    } catch (error) {
      if (!(error instanceof KubernetesError) || !mayRepeat(error, retries) || attempt === TRIES) throw error
      const pause = pauseMs(error, attempt, retries.random())
      if (performance.now() + pause > end) throw error
      await delay(pause, undefined, { signal: retries.signal }).catch(() => retries.signal?.throwIfAborted())
    }
  }
}

function mayRepeat({ kind, isUnsent }: KubernetesError, { isRepeatable, kinds }: Retries): boolean {
  if (!kinds.has(kind)) return false
  return isRepeatable || kind === 'too-many-requests' || isUnsent
}

/** The server's own wish is a lower bound, so that clients which it turned away don't come back together. */
function pauseMs({ retryAfterSeconds = 0 }: KubernetesError, attempt: number, random: number): number {
  const own = FIRST_PAUSE_MS * 2 ** (attempt - 1)
  return Math.min(MAX_PAUSE_MS, Math.max(retryAfterSeconds * 1000, own / 2)) + (own / 2) * random
}
