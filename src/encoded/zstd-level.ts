/**
 * The level of zstd for the next layer, by what the last ones measured. A reader that waits for the encoder shows that
 * the encoder is slower than the network; then a lower level is quicker. Where no reader ever waits, the network is
 * slower, and a higher level saves more of it.
 */

/**
 * From fastest to smallest. Higher levels take several times as long for a few percent (zstd's own table of
 * benchmarks).
 */
const LEVELS = [1, 3, 6] as const
/** The share of written pieces for which a reader waited. Between the two nothing changes. */
const MANY_WAITS = 0.5
const FEW_WAITS = 0.1

export class ZstdLevel {
  #index = 0

  get current(): number {
    return LEVELS[this.#index] ?? LEVELS[0]
  }

  /** @param waits how often readers waited for the encoder. @param pieces that the encoder wrote. */
  note({ waits, pieces }: { readonly waits: number; readonly pieces: number }): void {
    if (pieces === 0) return
    const share = waits / pieces
    if (share > MANY_WAITS) this.#index = Math.max(0, this.#index - 1)
    else if (share < FEW_WAITS) this.#index = Math.min(LEVELS.length - 1, this.#index + 1)
  }
}
