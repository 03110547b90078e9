/** A few worker threads that walk, hash and read the store, behind a few methods. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { RegistryError } from '../core/errors/errors.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { SharedBuffer, Slab } from './buffer-pool.ts'
import type { PackedFrame } from './packed-frame.ts'
import type { FilePart } from './read.ts'
import type { Answer, Ask, Job, JobResult, LayerSource, WalkedLayer } from './worker.ts'

type Pending = { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void }
type Thread = {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  /** The ids of slabs that it has heard of. */
  readonly slabs: Set<number>
  isAlive: boolean
}

/** Objects of a reader are short-lived. V8's default of 16 MB, three times in each thread, would only lie unused. */
const YOUNG_GENERATION_MB = 4
/** Under Node's type stripping the sources run as they are; the published package holds what `tsc` makes of them. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

export class StoreReader {
  readonly #directory: StoreDirectory
  readonly #script: URL
  readonly #maxThreads: number
  #threads: readonly Thread[] = []
  #nextId = 0
  #isClosed = false

  /**
   * @param maxThreads how many; each costs about 15 MB.
   * @param directory the files of the store.
   */
  constructor(maxThreads: number, directory: StoreDirectory, script: URL = WORKER) {
    this.#directory = directory
    this.#script = script
    this.#maxThreads = maxThreads
  }

  /** Starts the threads. The first work does it otherwise: commands that only ask Nix need none. */
  start(): void {
    while (this.#threads.length < this.#maxThreads) this.#startThread()
  }

  /** The tar of a layer, all but its files' contents. @throws RegistryError `unservable`, `unavailable`. */
  frame(layer: WalkedLayer): Promise<PackedFrame> {
    return this.#run({ kind: 'frame', layer })
  }

  /** A store path as a Nix archive, all but its files' contents. @throws RegistryError `unservable`, `unavailable`. */
  archive(path: StorePath): Promise<PackedFrame> {
    return this.#run({ kind: 'archive', path })
  }

  /** Digest and size of a layer's tar. @throws RegistryError `unservable`, `unavailable`. */
  digest(layer: LayerSource): Promise<JobResult['digest']> {
    return this.#run({ kind: 'digest', layer })
  }

  /**
   * Reads parts of files into `buffer`.
   * @throws RegistryError `unavailable`.
   */
  async read(parts: readonly FilePart[], { slab, start, size }: SharedBuffer): Promise<void> {
    const thread = this.#idlest()
    const isKnown = thread.slabs.has(slab.id)
    thread.slabs.add(slab.id)
    const memory = isKnown ? {} : { memory: slab.memory }
    await this.#ask(thread, { kind: 'read', parts, slab: slab.id, start, size, ...memory })
  }

  /**
   * Has a thread call the function `run` of a module.
   * @param input its first argument. The second one is the directory of the store.
   * @throws RegistryError that `run` throws, `unavailable`.
   */
  async call(module: URL, input: unknown): Promise<unknown> {
    const { returned } = await this.#run({ kind: 'call', module: module.href, input })
    return returned
  }

  /** Has the threads forget a slab that is not read into any more. */
  forget({ id }: Slab): void {
    for (const thread of this.#threads)
      if (thread.isAlive && thread.slabs.delete(id))
        this.#ask(thread, { kind: 'forget', slab: id }).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  async #run<K extends Job['kind']>(job: Extract<Job, { kind: K }>): Promise<JobResult[K]> {
    return this.#ask(this.#idlest(), job)
  }

  async #ask<K extends Job['kind']>(
    thread: Thread,
    job: Extract<Job, { kind: K }>,
    transfers: readonly MessagePort[] = [],
  ): Promise<JobResult[K]> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<JobResult[K]>()
    thread.pending.set(id, { resolve, reject })
    thread.worker.postMessage({ id, directory: this.#directory, job } satisfies Ask, transfers)
    return promise
  }

  /** The thread with the least to do. New ones take the places of threads that died. */
  #idlest(): Thread {
    if (this.#isClosed) throw new Error('reader is closed')
    this.#threads = this.#threads.filter(({ isAlive }) => isAlive)
    this.start()
    const [idlest] = this.#threads.toSorted((a, b) => a.pending.size - b.pending.size)
    if (idlest === undefined) throw new Error('no reader thread')
    return idlest
  }

  /** Starts a thread that knows all others. */
  #startThread(): void {
    const thread = startThread(this.#script)
    for (const other of this.#threads) {
      const { port1, port2 } = new MessageChannel()
      this.#ask(thread, { kind: 'meet', port: port1 }, [port1]).catch(() => undefined)
      this.#ask(other, { kind: 'meet', port: port2 }, [port2]).catch(() => undefined)
    }
    this.#threads = [...this.#threads, thread]
  }
}

function startThread(script: URL): Thread {
  const worker = new Worker(script, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
  const pending = new Map<number, Pending>()
  const thread = { worker, pending, slabs: new Set<number>(), isAlive: true }
  worker.on('message', (answer: Answer) => {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.kind === 'result') waiting?.resolve(answer.result as never)
    else waiting?.reject(revive(answer.error))
  })
  // A thread that dies, for want of memory at worst, leaves nobody waiting.
  const fail = (cause: unknown) => {
    thread.isAlive = false
    for (const { reject } of pending.values())
      reject(new RegistryError('unavailable', 'a reader thread ended', { cause }))
    pending.clear()
  }
  worker.on('error', fail)
  worker.on('exit', fail)
  return thread
}

function revive({ kind, message, detail }: Extract<Answer, { kind: 'error' }>['error']): Error {
  if (kind === undefined) return new Error(message)
  return new RegistryError(kind, message, { detail })
}
