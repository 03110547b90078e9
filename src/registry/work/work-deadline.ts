/** Aborts work that takes too long, or says nothing for too long. */
export class WorkDeadline {
  readonly #abort = new AbortController()
  readonly #whole: NodeJS.Timeout | undefined
  readonly #silent: NodeJS.Timeout | undefined

  /** Both in milliseconds; 0: no limit. */
  constructor({ workMs, silentMs }: { readonly workMs: number; readonly silentMs: number }) {
    const after = (ms: number, why: string) =>
      ms === 0 ? undefined : setTimeout(() => this.#abort.abort(`${why} ${ms / 1000} s`), ms)
    this.#whole = after(workMs, 'took longer than')
    this.#silent = after(silentMs, 'said nothing for')
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  heard(): void {
    this.#silent?.refresh()
  }

  end(): void {
    clearTimeout(this.#whole)
    clearTimeout(this.#silent)
  }
}
