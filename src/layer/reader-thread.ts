/** One reader thread: it is asked for jobs, and each answer finds its question. */
import { Worker, type MessagePort } from 'node:worker_threads'
import { RegistryError } from '../core/errors/errors.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { Answer, Ask, Job, JobResult } from './worker.ts'

type Pending = { readonly resolve: (result: never) => void; readonly reject: (error: Error) => void }

/** Objects of a reader are short-lived. V8's default of 16 MB, three times in each thread, would only lie unused. */
const YOUNG_GENERATION_MB = 4

export class ReaderThread {
  readonly #worker: Worker
  readonly #directory: StoreDirectory
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  #state: 'starting' | 'ready' | 'ended' = 'starting'
  /** The ids of slabs that it has heard of. */
  readonly slabs = new Set<number>()

  /** @param onChange is called when the thread is ready, after each answer, and when it has ended. */
  constructor(script: URL, directory: StoreDirectory, onChange: () => void) {
    this.#directory = directory
    this.#worker = new Worker(script, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
    this.#worker.on('message', (answer: Answer) => {
      if (answer.kind === 'ready') this.#state = 'ready'
      else this.#settle(answer)
      onChange()
    })
    // A thread that dies, for want of memory at worst, leaves nobody waiting.
    const fail = (cause: unknown) => {
      this.#state = 'ended'
      for (const { reject } of this.#pending.values())
        reject(new RegistryError('unavailable', 'a reader thread ended', { cause }))
      this.#pending.clear()
      onChange()
    }
    this.#worker.on('error', fail)
    this.#worker.on('exit', fail)
  }

  get isAlive(): boolean {
    return this.#state !== 'ended'
  }

  /** Whether the thread takes jobs by now. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** How many jobs it has not answered yet. */
  get load(): number {
    return this.#pending.size
  }

  async ask<K extends Job['kind']>(
    job: Extract<Job, { kind: K }>,
    transfers: readonly MessagePort[] = [],
  ): Promise<JobResult[K]> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<JobResult[K]>()
    this.#pending.set(id, { resolve, reject })
    this.#worker.postMessage({ id, directory: this.#directory, job } satisfies Ask, transfers)
    return promise
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(answer: Exclude<Answer, { kind: 'ready' }>): void {
    const waiting = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (answer.kind === 'result') waiting?.resolve(answer.result as never)
    else waiting?.reject(revive(answer.error))
  }
}

function revive({ kind, message, detail }: Extract<Answer, { kind: 'error' }>['error']): Error {
  if (kind === undefined) return new Error(message)
  return new RegistryError(kind, message, { detail })
}
