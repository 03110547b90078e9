/**
 * A file whose content counts, looked at again before each use. Kubernetes replaces the files of a Secret by changing a
 * link, others rename or rewrite. While the file is missing or wrong, the last good content stays.
 */
import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { RegistryError } from '../../core/errors/errors.ts'
import { judgeMode, stampOf } from '../../core/file-state.ts'

export type FileListener = {
  /** Other content counts from now on. */
  readonly onChange: () => void
  /** The last good content stays. Heard once for each state of the file. */
  readonly onTrouble: (error: RegistryError) => void
}

/** A stat costs microseconds, and a pull has a hundred requests. */
const LOOK_EVERY_MS = 200

export class WatchedFile<Value> {
  readonly #file: string
  readonly #parse: (text: string, file: string) => Value
  readonly #listener: FileListener
  #value: Value
  #stamp: string
  #lookedAt = 0

  /**
   * @param parse throws a RegistryError for content that can't be used.
   * @throws RegistryError `unavailable` for a file that can't be read, is wrong, or that other users may write.
   */
  constructor(file: string, parse: (text: string, file: string) => Value, listener: FileListener) {
    this.#file = file
    this.#parse = parse
    this.#listener = listener
    this.#stamp = this.#stampNow()
    this.#value = this.#load()
  }

  get current(): Value {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#value
    this.#lookedAt = now
    if (this.#stampNow() !== this.#stamp) this.reload()
    return this.#value
  }

  /** Reads the file even if it seems to be unchanged, as after a SIGHUP. */
  reload(): void {
    // Before it is read: what changes meanwhile is read again next time.
    this.#stamp = this.#stampNow()
    try {
      this.#value = this.#load()
      this.#listener.onChange()
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      this.#listener.onTrouble(error)
    }
  }

  #load(): Value {
    let text: string
    try {
      const descriptor = openSync(this.#file, 'r')
      try {
        // The mode of what is open, so that nobody changes the file between the two.
        this.#checkMode(fstatSync(descriptor, { bigint: true }))
        text = readFileSync(descriptor, 'utf8')
      } finally {
        closeSync(descriptor)
      }
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError('unavailable', `${this.#file}: cannot be read`, { cause })
    }
    return this.#parse(text, this.#file)
  }

  #checkMode(stats: { readonly mode: bigint; readonly isFile: () => boolean }): void {
    if (!stats.isFile()) return
    const verdict = judgeMode(this.#file, stats.mode)
    if (verdict.kind !== 'writable') return
    throw new RegistryError(
      'unavailable',
      `${this.#file}: its mode ${verdict.mode} lets other users write it, and so decide who has access: ${verdict.advice}`,
    )
  }

  #stampNow(): string {
    try {
      return stampOf(statSync(this.#file, { bigint: true }))
    } catch (error) {
      return String(error)
    }
  }
}
