/**
 * How fast layers reach each client, measured while they are sent. Zstd brings a layer earlier to a client whose network
 * is slower than an encoder, and only to such a one (encoded/encoder-speed.ts).
 *
 * While a client waits for the encoder, nobody sees how fast its network is. So after the first encoded layer, one layer of
 * middling size goes plain. A new client is thought to be as fast as the fastest one of the last ten minutes, since nodes
 * of a cluster have the same network. Where that is wrong, its first plain layer shows it.
 */
import { LRUCache } from 'lru-cache'

/** The kernel takes the first bytes at once: its buffers grow to 4 MB (tcp(7), tcp_wmem). */
const UNMEASURED_BYTES = 4 * 1024 * 1024
const MIN_MEASURED_BYTES = 4 * 1024 * 1024
/** A layer shorter than this shows nothing. */
const MIN_PROBE_BYTES = UNMEASURED_BYTES + MIN_MEASURED_BYTES
/** A longer one would take too long where the network is slow after all. */
const MAX_PROBE_BYTES = 64 * 1024 * 1024
/** Beyond this share of the time, a body that waited for its bytes shows their source, and not the network. */
const MAX_WAITING = 0.2
const MAX_CLIENTS = 1000
/** Ten minutes: then the network may have changed. */
const KEPT_MS = 600_000

/** Bytes per ms. Nothing where the client took encoded layers as fast as they were encoded, so nobody knows. */
type Link = { readonly rate: number | undefined; readonly isPlain: boolean }

export class LinkRates {
  readonly #now: () => number
  readonly #links: LRUCache<string, Link>
  #fastest: { readonly link: Link; readonly at: number } | undefined

  /** @param now in ms, from a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#links = new LRUCache({ max: MAX_CLIENTS, ttl: KEPT_MS, ttlResolution: 0, perf: { now } })
  }

  /** Returns the bytes per ms that reach a client. Nothing where they aren't known. */
  rateOf(address: string): number | undefined {
    return this.#linkOf(address)?.rate
  }

  /** Whether a layer of so many bytes should go plain, to show how fast the client's network is. */
  isProbe(address: string, size: number): boolean {
    const link = this.#linkOf(address)
    return link !== undefined && link.rate === undefined && size >= MIN_PROBE_BYTES && size <= MAX_PROBE_BYTES
  }

  /**
   * The same chunks, measured on their way. A chunk is on its way until the next one is requested.
   * @param isPlain whether they are the bytes of a layer as it is.
   */
  async *measured(
    address: string,
    isPlain: boolean,
    chunks: AsyncGenerator<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    let [begun, bytes, waitedMs, sentMs] = [0, 0, 0, 0]
    try {
      for (;;) {
        const requested = this.#now()
        const next = await chunks.next()
        if (next.done === true) break
        const taken = this.#now()
        yield next.value
        if (begun < UNMEASURED_BYTES) begun += next.value.length
        else {
          bytes += next.value.length
          waitedMs += taken - requested
          sentMs += this.#now() - taken
        }
      }
    } finally {
      await chunks.return(undefined)
    }
    const ms = waitedMs + sentMs
    const rate = bytes < MIN_MEASURED_BYTES || ms === 0 ? undefined : bytes / ms
    if (!isPlain) this.#noteEncoded(address, rate, waitedMs / ms > MAX_WAITING)
    else if (rate !== undefined) this.#note(address, { rate, isPlain })
  }

  /** @param hasWaited whether the client was ready for more than the encoder made. */
  #noteEncoded(address: string, rate: number | undefined, hasWaited: boolean): void {
    const known = this.#linkOf(address)
    if (rate !== undefined && !hasWaited) {
      // A client may decode more slowly than its network is. So a plain layer shows more.
      if (this.#links.get(address)?.isPlain !== true) this.#note(address, { rate, isPlain: false })
    } else if (known?.rate === undefined || (rate ?? 0) > known.rate)
      this.#links.set(address, { rate: undefined, isPlain: false })
  }

  #note(address: string, link: Link & { readonly rate: number }): void {
    this.#links.set(address, link)
    const fastest = this.#fastestLink()
    if (fastest?.rate === undefined || link.rate >= fastest.rate) this.#fastest = { link, at: this.#now() }
  }

  #linkOf(address: string): Link | undefined {
    return this.#links.get(address) ?? this.#fastestLink()
  }

  #fastestLink(): Link | undefined {
    return this.#fastest === undefined || this.#now() - this.#fastest.at > KEPT_MS
      ? undefined
      : this.#fastest.link
  }
}
