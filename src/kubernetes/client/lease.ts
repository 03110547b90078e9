/**
 * Elects a leader by a Lease, with the rules of Kubernetes' own programs (client-go, tools/leaderelection): the clocks of
 * others are not trusted, a Lease counts as held until its duration has passed since its last change was seen here.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, LiveObject } from './cluster.ts'
import { KubernetesError, type KubernetesErrorKind } from './kubernetes-error.ts'
import {
  leaseObjectName,
  readLease,
  releasedLease,
  takenLease,
  type LeaseName,
  type LeaseRecord,
} from './lease-record.ts'

export type LeaseOptions = LeaseName & {
  /** A name that no other process has, not even this one after a restart. */
  readonly identity: string
  /** Milliseconds after which others take a Lease that isn't renewed. Default: 15 s. */
  readonly durationMs?: number
  /** Milliseconds after which a leader gives up that can't renew. Default: 10 s. */
  readonly renewMs?: number
  /** Milliseconds between tries. Default: 2 s. */
  readonly retryMs?: number
  /** Is told failed tries. Must not throw. */
  readonly onTrouble?: (error: unknown) => void
  /** From 0 to 1; for pauses. Default: Math.random. */
  readonly random?: () => number
}

const DURATION_MS = 15_000
const RENEW_MS = 10_000
const RETRY_MS = 2000
/** Others wait up to so much longer between tries (client-go, JitterFactor). */
const JITTER = 1.2
/** Failures that mean that another process changed the Lease. */
const CHANGED: ReadonlySet<KubernetesErrorKind> = new Set(['conflict', 'already-exists', 'not-found'])

/**
 * Runs a function while this process leads, again and again, until the signal ends it or the function returns. The
 * function's signal aborts at once when the Lease is lost, with a KubernetesError `conflict` or `timeout` as its reason;
 * the function must end then, and the election goes on when it did. A Lease is kept until the function has ended, and
 * released after a clean end. Renewals must not wait behind other requests: the election should have a client of its own.
 * @throws what the function throws, unless it was aborted.
 */
export async function whileLeading(
  cluster: Cluster,
  options: LeaseOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const lease = new Lease(cluster, options)
  while (!signal.aborted) {
    if (!(await lease.acquire(signal))) return
    const lost = new AbortController()
    const ended = new AbortController()
    const kept = lease.keep(lost, ended.signal)
    const led = AbortSignal.any([signal, lost.signal])
    try {
      await lead(led)
      if (!lost.signal.aborted) return
    } catch (error) {
      if (!led.aborted) throw error
    } finally {
      ended.abort()
      await kept
      if (!lost.signal.aborted) await lease.release()
    }
  }
}

class Lease {
  readonly #cluster: Cluster
  readonly #options: LeaseOptions
  readonly #durationMs: number
  readonly #renewMs: number
  readonly #retryMs: number
  /** The Lease as it was last seen, and when its last change was seen. */
  #seen: { readonly object: LiveObject; readonly record: LeaseRecord; readonly at: number } | undefined
  /** When the last renewal that worked was sent. */
  #renewedAt = 0

  constructor(cluster: Cluster, options: LeaseOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#durationMs = options.durationMs ?? DURATION_MS
    this.#renewMs = options.renewMs ?? RENEW_MS
    this.#retryMs = options.retryMs ?? RETRY_MS
  }

  /** @returns whether it is held now; not where the signal came first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const random = this.#options.random ?? Math.random
    while (!signal.aborted) {
      if (await this.#tried(signal)) return true
      const pause = this.#retryMs * (1 + JITTER * random())
      await delay(pause, undefined, { signal }).catch(() => {})
    }
    return false
  }

  /** Renews the Lease until it has `ended`, or aborts `lost`. */
  async keep(lost: AbortController, ended: AbortSignal): Promise<void> {
    const stopped = AbortSignal.any([lost.signal, ended])
    while (!stopped.aborted) {
      // A try that hangs must not outlast the time that the Lease is safe.
      const deadline = setTimeout(
        () => lost.abort(new KubernetesError('timeout', `${this.#name()} could not be renewed`)),
        Math.max(0, this.#renewedAt + this.#renewMs - performance.now()),
      )
      await delay(this.#retryMs, undefined, { signal: stopped }).catch(() => {})
      // A renewal under way is waited for, since a release needs the version that it makes.
      const isHeld = stopped.aborted || (await this.#tried(lost.signal))
      clearTimeout(deadline)
      const holder = this.#seen?.record.holder ?? this.#options.identity
      if (!isHeld && holder !== this.#options.identity)
        lost.abort(new KubernetesError('conflict', `${this.#name()} was taken by ${holder || 'nobody'}`))
    }
  }

  async release(): Promise<void> {
    const { object, record } = this.#seen ?? {}
    if (object === undefined || record?.holder !== this.#options.identity) return
    const signal = AbortSignal.timeout(this.#renewMs)
    await this.#cluster
      .replace(releasedLease(object, Date.now()), signal)
      .catch((error: unknown) => this.#options.onTrouble?.(error))
  }

  /** @returns whether the Lease is held after a try. */
  async #tried(signal: AbortSignal): Promise<boolean> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#renewMs)])
    try {
      return await this.#tryOnce(limited)
    } catch (error) {
      if (signal.aborted) return false
      if (error instanceof KubernetesError && CHANGED.has(error.kind)) {
        await this.#look(limited).catch(() => {})
      } else this.#options.onTrouble?.(error)
      return false
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { identity } = this.#options
    if (this.#seen?.record.holder !== identity) await this.#look(signal)
    const seen = this.#seen
    if (seen !== undefined && seen.record.holder !== '' && seen.record.holder !== identity) {
      if (performance.now() < seen.at + seen.record.durationMs) return false
    }
    const sentAt = performance.now()
    const taken = takenLease(this.#options, identity, this.#durationMs, Date.now(), seen?.object)
    this.#note(
      seen === undefined
        ? await this.#cluster.create(taken, signal)
        : await this.#cluster.replace({ ...taken, metadata: seen.object.metadata }, signal),
    )
    this.#renewedAt = sentAt
    return true
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.#note(await this.#cluster.get(leaseObjectName(this.#options), signal))
  }

  #note(object: LiveObject | undefined): void {
    if (object === undefined) {
      this.#seen = undefined
      return
    }
    const isSame = this.#seen?.object.metadata.resourceVersion === object.metadata.resourceVersion
    const at = isSame ? (this.#seen?.at ?? 0) : performance.now()
    this.#seen = { object, record: readLease(object), at }
  }

  #name(): string {
    const { namespace, name } = this.#options
    return `the Lease ${namespace}/${name}`
  }
}
