/**
 * Keeps a copy of all objects of a kind: lists them once and watches from there. It goes on from the last version when a
 * watch ends, lists again when the server has forgotten that version and once in a while, and waits longer and longer
 * while the server is away. It ends by its signal alone.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, ListOptions, LiveObject, WatchEvent } from './cluster.ts'
import type { KindName } from './discovery.ts'
import { KubernetesError, type KubernetesErrorKind } from './kubernetes-error.ts'

export type InformerEvent =
  | { readonly kind: 'added'; readonly object: LiveObject }
  | { readonly kind: 'modified'; readonly object: LiveObject; readonly before: LiveObject }
  | { readonly kind: 'deleted'; readonly object: LiveObject }

export type InformerOptions = Omit<ListOptions, 'signal'> & {
  /** Must not throw. */
  readonly onEvent?: (event: InformerEvent) => void
  /** Is told each failure, and the pause before the next try. Must not throw. */
  readonly onTrouble?: (error: unknown, pauseMs: number) => void
  /** Milliseconds until all objects are listed again. Default: 10 min. */
  readonly relistMs?: number
  /** Milliseconds of the first pause. Default: 0.5 s. */
  readonly firstPauseMs?: number
  /** From 0 to 1; for pauses. Default: Math.random. */
  readonly random?: () => number
}

const RELIST_MS = 600_000
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** A watch that lasted so long was in order, even if nothing happened. */
const SOUND_MS = 5000

/** Failures after which the last version says nothing any more. */
const OUTDATED: ReadonlySet<KubernetesErrorKind> = new Set(['expired', 'no-such-kind'])

export class Informer {
  readonly #cluster: Cluster
  readonly #kind: KindName
  readonly #options: InformerOptions
  readonly #objects = new Map<string, LiveObject>()
  readonly #listed = Promise.withResolvers<void>()
  readonly #random: () => number
  #version = ''
  /** Failures since a watch was in order. */
  #failures = 0

  constructor(cluster: Cluster, kind: KindName, options: InformerOptions = {}) {
    this.#cluster = cluster
    this.#kind = kind
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  /** Is kept once all objects are known; for ever pending where the server can't be asked. */
  get synced(): Promise<void> {
    return this.#listed.promise
  }

  get(name: string, namespace?: string): LiveObject | undefined {
    return this.#objects.get(keyOf(name, namespace))
  }

  objects(): readonly LiveObject[] {
    return [...this.#objects.values()]
  }

  /** Runs until the signal ends it, however the server behaves. */
  async run(signal: AbortSignal): Promise<void> {
    let isListDue = true
    let relistAt = 0
    while (!signal.aborted) {
      try {
        if (isListDue || performance.now() >= relistAt) {
          await this.#list(signal)
          isListDue = false
          relistAt = performance.now() + (this.#options.relistMs ?? RELIST_MS) * (0.9 + 0.2 * this.#random())
        }
        await this.#follow(signal, relistAt)
      } catch (error) {
        if (signal.aborted) return
        isListDue ||= error instanceof KubernetesError && OUTDATED.has(error.kind)
        await this.#pause(error, signal)
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#cluster.list(this.#kind, { ...this.#selection(), signal })
    const gone = new Map(this.#objects)
    for (const object of items) {
      gone.delete(keyOf(object.metadata.name, object.metadata.namespace))
      this.#put(object)
    }
    for (const object of gone.values()) this.#drop(object)
    this.#version = resourceVersion
    this.#listed.resolve()
  }

  /** Watches until the watch ends or a list is due. @throws where it ended too early to be in order. */
  async #follow(signal: AbortSignal, relistAt: number): Promise<void> {
    const due = new AbortController()
    const timer = setTimeout(() => due.abort(), Math.max(0, relistAt - performance.now()))
    const began = performance.now()
    const isSound = (): boolean => performance.now() - began >= SOUND_MS
    try {
      const events = this.#cluster.watch(this.#kind, {
        ...this.#selection(),
        resourceVersion: this.#version,
        signal: AbortSignal.any([signal, due.signal]),
      })
      for await (const event of events) {
        this.#take(event)
        this.#failures = 0
      }
    } catch (error) {
      if (!due.signal.aborted) throw error
    } finally {
      clearTimeout(timer)
      if (isSound()) this.#failures = 0
    }
    // A server that ends each watch at once must not be asked without a pause.
    if (!due.signal.aborted && !isSound())
      throw new KubernetesError('unreachable', `${this.#cluster.server}: a watch ended at once`)
  }

  #take(event: WatchEvent): void {
    if (event.kind === 'bookmark') {
      this.#version = event.resourceVersion
      return
    }
    if (event.kind === 'deleted') this.#drop(event.object)
    else this.#put(event.object)
    this.#version = event.object.metadata.resourceVersion
  }

  #put(object: LiveObject): void {
    const key = keyOf(object.metadata.name, object.metadata.namespace)
    const before = this.#objects.get(key)
    this.#objects.set(key, object)
    if (before === undefined) this.#options.onEvent?.({ kind: 'added', object })
    else if (before.metadata.uid !== object.metadata.uid) {
      // It was removed and made again while nobody looked.
      this.#options.onEvent?.({ kind: 'deleted', object: before })
      this.#options.onEvent?.({ kind: 'added', object })
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion)
      this.#options.onEvent?.({ kind: 'modified', object, before })
  }

  #drop(object: LiveObject): void {
    if (this.#objects.delete(keyOf(object.metadata.name, object.metadata.namespace)))
      this.#options.onEvent?.({ kind: 'deleted', object })
  }

  async #pause(failure: unknown, signal: AbortSignal): Promise<void> {
    const first = this.#options.firstPauseMs ?? FIRST_PAUSE_MS
    const pauseMs = Math.min(MAX_PAUSE_MS, first * 2 ** this.#failures) * (0.5 + this.#random() / 2)
    this.#failures += 1
    this.#options.onTrouble?.(failure, pauseMs)
    await delay(pauseMs, undefined, { signal }).catch(() => {})
  }

  #selection(): Omit<ListOptions, 'signal'> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return { namespace, labelSelector, fieldSelector }
  }
}

function keyOf(name: string, namespace: string | undefined): string {
  return `${namespace ?? ''}/${name}`
}
