/**
 * Whether the state directory can be used. It is a cache, so a pull goes on without it; the operator hears of it once a
 * minute, however many requests meet it, and /readyz tells.
 */

const INTERVAL_MS = 60_000

export class StateTrouble {
  readonly #onTrouble: (error: unknown) => void
  #toldAt = -Infinity
  #isTroubled = false

  constructor(onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
  }

  /** Whether the last access failed. */
  get isTroubled(): boolean {
    return this.#isTroubled
  }

  report(error: unknown): void {
    this.#isTroubled = true
    const now = performance.now()
    if (now - this.#toldAt < INTERVAL_MS) return
    this.#toldAt = now
    this.#onTrouble(error)
  }

  /** Something was written. */
  clear(): void {
    this.#isTroubled = false
  }
}
