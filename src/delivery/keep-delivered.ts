/**
 * Keeps a set as it was delivered: watches its objects, looks at all of them from time to time, and corrects what differs.
 * A difference that comes back after each correction is reported and no longer fought.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../kubernetes/client/cluster.ts'
import { deliver } from './deliver.ts'
import type { OnDeliveryEvent } from './delivery-event.ts'
import { EndlessDifferences } from './drift/endless-difference.ts'
import type { IgnoreRule } from './drift/ignore-rules.ts'
import { correctionOf, driftIn, loadGeneration, type Drift } from './find-drift.ts'
import { recordName } from './inventory/delivery-record.ts'
import { judgeDrift, type JudgedDrift } from './judge-drift.ts'
import { planDelivery } from './plan/plan-delivery.ts'
import type { SetName } from './set/object-set.ts'
import { watchObjects } from './watch-objects.ts'

type DriftMode = 'correct' | 'warn'

/** The result of one look at a set. */
export type DriftLook = {
  readonly generation: number
  /** Objects that differ. */
  readonly drift: readonly Drift[]
  /** Differences that come back after each correction, and are left. */
  readonly endless: JudgedDrift['endless']
  /** Whether the cluster was changed back. */
  readonly isCorrected: boolean
}

export type DriftOptions = {
  readonly mode: DriftMode
  readonly ignore: readonly IgnoreRule[]
  /** For the record of the set, where something is corrected. */
  readonly by: string
  readonly onEvent: OnDeliveryEvent
  readonly signal?: AbortSignal | undefined
}

export type WatchOptions = DriftOptions & {
  readonly signal: AbortSignal
  /** Milliseconds between two looks without a change. */
  readonly intervalMs: number
  readonly onLook: (look: DriftLook) => void
  /** Hears failures, each of which is tried again. */
  readonly onTrouble: (error: unknown) => void
}

/** Generations that a correction keeps: all, since it makes none. */
const ALL_GENERATIONS = 1_000_000
/** Milliseconds that a namespace, a definition or a wave may take to be ready, before what comes after it is corrected. */
const READY_MS = 60_000
/** Milliseconds in which changes are gathered before a look. */
const GATHER_MS = 200
const RETRY_MS = 5_000

export class DriftKeeper {
  readonly #cluster: Cluster
  readonly #name: SetName
  readonly #endless = new EndlessDifferences()

  constructor(cluster: Cluster, name: SetName) {
    this.#cluster = cluster
    this.#name = name
  }

  /** Looks once. @throws DeliveryError `not-found` for a set that isn't there, KubernetesError. */
  async look({ mode, ignore, by, onEvent, signal }: DriftOptions): Promise<DriftLook> {
    const kept = await loadGeneration(this.#cluster, this.#name)
    const plan = await planDelivery(this.#cluster, correctionOf(this.#name, kept, { ignore, signal }))
    // Only a look that corrects counts how often a difference came back.
    const judged =
      mode === 'correct'
        ? judgeDrift(plan, this.#endless)
        : { drift: driftIn(plan), isFought: false, endless: [], ignore: [] }
    const { drift, endless, isFought: isCorrected } = judged
    if (isCorrected)
      await deliver(this.#cluster, {
        ...correctionOf(this.#name, kept, { ignore: [...ignore, ...judged.ignore], signal }),
        // Differences that are left alone make another plan.
        plan: judged.ignore.length === 0 ? plan : undefined,
        isWaiting: false,
        healthMs: READY_MS,
        historyLimit: ALL_GENERATIONS,
        by,
        onEvent,
      })
    return { generation: kept.entry.generation, drift, endless, isCorrected }
  }

  /**
   * Looks again and again until the signal ends it: when objects or the record change, and once in an interval.
   * @throws the signal's reason.
   */
  async watch(options: WatchOptions): Promise<never> {
    const { signal, onTrouble } = options
    for (;;) {
      const ended = new AbortController()
      try {
        await this.#watchGeneration(options, AbortSignal.any([signal, ended.signal]))
      } catch (error) {
        signal.throwIfAborted()
        onTrouble(error)
        await delay(RETRY_MS, undefined, { signal })
      } finally {
        ended.abort()
      }
    }
  }

  /** Looks at one generation until another one is delivered. */
  async #watchGeneration(options: WatchOptions, signal: AbortSignal): Promise<void> {
    const { entry, objects } = await loadGeneration(this.#cluster, this.#name)
    const names = objects.map(({ object: { apiVersion, kind, metadata } }) => ({
      apiVersion,
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
    }))
    let changed = new AbortController()
    await watchObjects(this.#cluster, [...names, recordName(this.#name)], {
      onChange: () => changed.abort(),
      onTrouble: options.onTrouble,
      signal,
    })
    for (;;) {
      // What changes from here on is seen by this look, or makes another one.
      changed = new AbortController()
      const look = await this.look(options)
      options.onLook(look)
      if (look.generation !== entry.generation) return
      const either = AbortSignal.any([signal, changed.signal])
      await delay(options.intervalMs, undefined, { signal: either }).catch(() => undefined)
      signal.throwIfAborted()
      await delay(GATHER_MS, undefined, { signal })
    }
  }
}
