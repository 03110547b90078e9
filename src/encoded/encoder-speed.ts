/**
 * The level of zstd for a layer, by measured throughput: the one that brings the layer to its client first, or none where
 * the plain layer is there earlier. A layer takes as long as the slower one of encoder and network.
 */

/**
 * From fastest to smallest. Speed and size are shares of those of level 1, measured with the layers of the bench
 * (bench/link.ts). Higher levels take several times as long for a few percent, and the speed of lower ones stays the same.
 * Node takes -1 for level 3.
 */
const LEVELS = [
  { level: -2, speed: 1.4, size: 1.17 },
  { level: 1, speed: 1, size: 1 },
  { level: 3, speed: 0.45, size: 0.94 },
  { level: 6, speed: 0.23, size: 0.9 },
] as const
/** The level for a client whose network nobody knows. */
const DEFAULT_LEVEL = 1
/** Level 1 is taken for this until it is measured: 200 MB/s, and two fifths of a program's size. */
const DEFAULT_SPEED = 200_000
const DEFAULT_SIZE = 0.4
/** A machine that was busy is measured again after this time. */
const STALE_MS = 60_000
/** Earlier measurements count as much as these bytes: one small layer in a bad moment decides nothing. */
const WEIGHT_BYTES = 32 * 1024 * 1024
/** Plain bytes per ms that a client gets out of a decoder: Node's makes 350 to 460 MB/s, zstd(1) a third more. */
const DECODER_SPEED = 400_000

type Encoding = {
  readonly level: number
  readonly size: number
  readonly encodedSize: number
  readonly ms: number
}

export class EncoderSpeed {
  readonly #now: () => number
  #speed = DEFAULT_SPEED
  #size = DEFAULT_SIZE
  #measuredAt = Number.NEGATIVE_INFINITY

  /** @param now in ms, from a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * Returns the level for a client, or nothing where the plain layer is there earlier.
   * @param rate bytes per ms that reach the client. Nothing where that isn't known.
   */
  levelFor(rate: number | undefined): number | undefined {
    if (rate === undefined) return DEFAULT_LEVEL
    const encoder = this.#currentSpeed()
    let best: { readonly level: number | undefined; readonly ms: number } = { level: undefined, ms: 1 / rate }
    for (const { level, speed, size } of LEVELS) {
      const ms = Math.max(1 / (encoder * speed), (this.#size * size) / rate)
      if (ms < best.ms) best = { level, ms }
    }
    return best.level
  }

  /** To be called when a layer was encoded: its sizes in bytes, and the time from its first byte to its last. */
  note({ level, size, encodedSize, ms }: Encoding): void {
    const share = LEVELS.find((each) => each.level === level)
    if (share === undefined || size === 0) return
    const weight = WEIGHT_BYTES + size
    this.#speed = weight / (WEIGHT_BYTES / this.#currentSpeed() + ms * share.speed)
    this.#size = (WEIGHT_BYTES * this.#size + encodedSize / share.size) / weight
    this.#measuredAt = this.#now()
  }

  /** Bytes per ms of level 1. */
  #currentSpeed(): number {
    return this.#now() - this.#measuredAt > STALE_MS ? DEFAULT_SPEED : this.#speed
  }
}

/** Whether a client has the plain layer earlier than it decodes an encoded one. @param rate as for `levelFor`. */
export function isDecoderSlower(rate: number | undefined): boolean {
  return rate !== undefined && rate > DECODER_SPEED
}
