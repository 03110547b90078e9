/**
 * Worker threads that walk, hash and read the store, behind a few methods.
 *
 * A thread takes 50 to 100 ms of a processor to start and 15 MB of memory (measured). So none is there before there is
 * work, or a request that will have some. Another one is added for a large layer, and when all have been busy for a while:
 * for most images it would come too late. A thread has one layer to work on at a time. Others wait here, for the thread
 * that is free first.
 */
import { MessageChannel } from 'node:worker_threads'
import { RegistryError } from '../core/errors/errors.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import type { SharedBuffer, Slab } from './buffer-pool.ts'
import type { PackedFrame } from './packed-frame.ts'
import type { FilePart } from './read.ts'
import { ReaderThread } from './reader-thread.ts'
import type { Hashable, HashAnswer, Job, JobResult, LayerHash, LayerSource, WalkedLayer } from './worker.ts'

/** Work that has no thread yet. */
type Waiting = { readonly begin: (thread: ReaderThread) => void; readonly reject: (error: Error) => void }

/** As long as a thread takes to start: what is done within this time would not be done earlier by another one. */
const BUSY_MS = 50
/** A thread hashes about so many bytes within that time. */
const LARGE_BYTES = 32 * 1024 * 1024
/** Under Node's type stripping the sources run as they are; the published package holds what `tsc` makes of them. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

export class StoreReader {
  readonly #directory: StoreDirectory
  readonly #script: URL
  readonly #maxThreads: number
  #threads: readonly ReaderThread[] = []
  /** The threads that work on a layer, a store path or a call. */
  readonly #working = new Set<ReaderThread>()
  readonly #waiting: Waiting[] = []
  /** Adds a thread, unless one of the others is idle before. */
  #growth: NodeJS.Timeout | undefined
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

  /** How many threads there are. */
  get threads(): number {
    return this.#alive().length
  }

  /** Starts the first thread, for work that will come soon. Does nothing if there is one, or if the reader is closed. */
  prepare(): void {
    if (this.#threads.length === 0 && !this.#isClosed) this.#startThread()
  }

  /** The tar of a layer, all but its files' contents. @throws RegistryError `unservable`, `unavailable`. */
  frame(layer: WalkedLayer): Promise<PackedFrame> {
    return this.#run({ kind: 'frame', layer })
  }

  /** A store path as a Nix archive, all but its files' contents. @throws RegistryError `unservable`, `unavailable`. */
  archive(path: StorePath): Promise<PackedFrame> {
    return this.#run({ kind: 'archive', path })
  }

  /** As `digests`, for one layer. */
  async digest(layer: LayerSource, bytes = 0): Promise<LayerHash> {
    for (const answer of await this.digests([layer], bytes)) {
      if (answer.kind === 'packed') break
      const { digest, size, frame } = answer
      return frame === undefined ? { digest, size } : { digest, size, frame }
    }
    throw new Error('a reader thread gave no digest')
  }

  /**
   * Digests of layers that one thread hashes one after the other, in the same order.
   * @param bytes about how many they have. Other threads read ahead for a large one.
   * @throws RegistryError `unservable`, `unavailable`.
   */
  digests(layers: readonly Hashable[], bytes = 0): Promise<readonly HashAnswer[]> {
    const digests = this.#run({ kind: 'digests', layers } as const)
    if (bytes >= LARGE_BYTES) this.#grow()
    return digests
  }

  /**
   * Reads parts of files into `buffer`.
   * @throws RegistryError `unavailable`.
   */
  async read(parts: readonly FilePart[], { slab, start, size }: SharedBuffer): Promise<void> {
    const thread = this.#leastBusy()
    const isKnown = thread.slabs.has(slab.id)
    thread.slabs.add(slab.id)
    const memory = isKnown ? {} : { memory: slab.memory }
    const read = thread.ask({ kind: 'read', parts, slab: slab.id, start, size, ...memory })
    this.#watchLoad()
    await read
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
    for (const thread of this.#alive())
      if (thread.slabs.delete(id)) thread.ask({ kind: 'forget', slab: id }).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#growth)
    for (const { reject } of this.#waiting.splice(0))
      reject(new RegistryError('unavailable', 'the reader was closed'))
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  /** Has a thread do the job that has no other one of this kind. */
  async #run<K extends Job['kind']>(job: Extract<Job, { kind: K }>): Promise<JobResult[K]> {
    this.#demandOpen()
    const { promise, resolve, reject } = Promise.withResolvers<JobResult[K]>()
    const begin = (thread: ReaderThread) => {
      this.#working.add(thread)
      const end = () => {
        this.#working.delete(thread)
        this.#dispatch()
      }
      void thread.ask(job).finally(end).then(resolve, reject)
    }
    this.#waiting.push({ begin, reject })
    this.#dispatch()
    return promise
  }

  /** Begins what waits, as far as there are threads for it. */
  #dispatch(): void {
    if (this.#isClosed) return
    while (this.#waiting.length > 0) {
      const thread = this.#candidates().find((candidate) => !this.#working.has(candidate))
      if (thread === undefined) break
      this.#waiting.shift()?.begin(thread)
    }
    this.#watchLoad()
  }

  #leastBusy(): ReaderThread {
    this.#demandOpen()
    const [leastBusy] = this.#candidates().toSorted((a, b) => a.load - b.load)
    if (leastBusy === undefined) throw new Error('no reader thread')
    return leastBusy
  }

  /** The threads that may be asked: those that are ready, else one that is starting. */
  #candidates(): readonly ReaderThread[] {
    const alive = this.#alive()
    const ready = alive.filter(({ isReady }) => isReady)
    if (ready.length > 0) return ready
    return [alive[0] ?? this.#startThread()]
  }

  /** The threads without those that died. */
  #alive(): readonly ReaderThread[] {
    this.#threads = this.#threads.filter(({ isAlive }) => isAlive)
    return this.#threads
  }

  /** Sees to it that a thread is added soon if all are busy until then, one thread after the other. */
  #watchLoad(): void {
    const threads = this.#alive()
    const isBusy = threads.every(({ isReady, load }) => isReady && load > 0)
    const mayGrow = threads.length > 0 && threads.length < this.#maxThreads && !this.#isClosed
    if (isBusy && mayGrow) {
      this.#growth ??= setTimeout(() => {
        this.#growth = undefined
        this.#grow()
      }, BUSY_MS)
    } else {
      clearTimeout(this.#growth)
      this.#growth = undefined
    }
  }

  /** Adds a thread, unless one is starting or there are enough. */
  #grow(): void {
    const threads = this.#alive()
    if (threads.length < this.#maxThreads && threads.every(({ isReady }) => isReady) && !this.#isClosed)
      this.#startThread()
  }

  /** Starts a thread that knows all others. */
  #startThread(): ReaderThread {
    const thread = new ReaderThread(this.#script, this.#directory, () => this.#dispatch())
    for (const other of this.#threads) {
      const { port1, port2 } = new MessageChannel()
      thread.ask({ kind: 'meet', port: port1 }, [port1]).catch(() => undefined)
      other.ask({ kind: 'meet', port: port2 }, [port2]).catch(() => undefined)
    }
    this.#threads = [...this.#threads, thread]
    return thread
  }

  #demandOpen(): void {
    if (this.#isClosed) throw new Error('reader is closed')
  }
}
