/**
 * Compares passwords with bcrypt hashes, one after the other on a thread of its own, so that guesses take no time of
 * those who pull. Past a number that wait, clients are told to come again.
 */
import { Worker } from 'node:worker_threads'
import { RegistryError } from '../../core/errors/errors.ts'
import type { PasswordAnswer, PasswordTask } from './password-worker.ts'

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './password-worker.ts' : './password-worker.js',
  import.meta.url,
)
/** Some seconds of work. */
const MAX_WAITING = 50

export class Passwords {
  readonly #waiting = new Map<
    number,
    { readonly resolve: (isRight: boolean) => void; readonly reject: (error: Error) => void }
  >()
  #worker: Worker | undefined
  #next = 0

  /** @throws RegistryError `busy` while too many wait. */
  async matches(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.size >= MAX_WAITING)
      throw new RegistryError('busy', 'too many passwords wait to be checked')
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    const id = this.#next++
    this.#waiting.set(id, { resolve, reject })
    this.#thread().postMessage({ id, password, hash } satisfies PasswordTask)
    return promise
  }

  close(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(WORKER)
    worker.unref()
    worker.on('message', ({ id, isRight }: PasswordAnswer) => {
      this.#waiting.get(id)?.resolve(isRight)
      this.#waiting.delete(id)
    })
    worker.on('error', (cause) => {
      this.#worker = undefined
      const error = new RegistryError('unavailable', 'passwords cannot be checked', { cause })
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
    this.#worker = worker
    return worker
  }
}
