/**
 * The framing of Nix's worker protocol: little-endian 64-bit integers, and byte strings with their length before and
 * zeros behind them up to a multiple of eight. Source: Nix manual, "Serialisation Used by Nix"; `serialise.hh`.
 */

/** No message we read comes near this; more means that we lost our place in the stream. */
const MAX_STRING_LENGTH = 256 * 1024 * 1024
const MAX_LIST_LENGTH = 16 * 1024 * 1024
/** Bytes kept of a text for people: a builder may print a line of 100 MB, and nobody reads that. */
const TEXT_KEPT = 64 * 1024

/** Collects one request. */
export class WireWriter {
  readonly #chunks: Uint8Array[] = []

  number(value: number | bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    this.#chunks.push(bytes)
    return this
  }

  string(text: string): this {
    const bytes = Buffer.from(text)
    this.number(bytes.length)
    this.#chunks.push(bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8))
    return this
  }

  strings(texts: readonly string[]): this {
    this.number(texts.length)
    for (const text of texts) this.string(text)
    return this
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}

/** Reads numbers and strings from a stream of chunks. Every method rejects when the stream ends or fails first. */
export class WireReader {
  readonly #source: AsyncIterator<Uint8Array>
  #buffer: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async number(): Promise<number> {
    const value = (await this.#take(8)).readBigUInt64LE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new Error(`worker protocol: number out of range: ${value}`)
    return Number(value)
  }

  /** Numbers that may be anything, like 2^64 - 1 for "unknown". */
  async bigint(): Promise<bigint> {
    return (await this.#take(8)).readBigUInt64LE()
  }

  async boolean(): Promise<boolean> {
    return (await this.number()) !== 0
  }

  async string(): Promise<string> {
    const length = await this.#length()
    const padded = await this.#take(length + ((8 - (length % 8)) % 8))
    return padded.toString('utf8', 0, length)
  }

  /** A string for people, of which so much is kept as people read; the rest is passed over as it comes. */
  async text(): Promise<string> {
    const length = await this.#length()
    const kept = Math.min(length, TEXT_KEPT)
    const head = (await this.#take(kept)).toString('utf8')
    await this.#skip(length - kept + ((8 - (length % 8)) % 8))
    return kept === length ? head : `${head} \u2026 (${length - kept} more bytes)`
  }

  async strings(): Promise<string[]> {
    return this.list(() => this.string())
  }

  async list<T>(item: () => Promise<T>): Promise<T[]> {
    const length = await this.number()
    if (length > MAX_LIST_LENGTH) throw new Error(`worker protocol: list of ${length} items`)
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(await item())
    return items
  }

  /** The next `length` bytes, in pieces as they come. */
  async *pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#buffer.length === 0) this.#buffer = await this.#next()
      const piece = this.#buffer.subarray(0, left)
      this.#buffer = this.#buffer.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async #length(): Promise<number> {
    const length = await this.number()
    if (length > MAX_STRING_LENGTH) throw new Error(`worker protocol: string of ${length} bytes`)
    return length
  }

  /** The next `length` bytes, read as they come, and joined once. */
  async #take(length: number): Promise<Buffer> {
    if (this.#buffer.length < length) {
      const chunks = [this.#buffer]
      for (let here = this.#buffer.length; here < length;) {
        const chunk = await this.#next()
        chunks.push(chunk)
        here += chunk.length
      }
      this.#buffer = Buffer.concat(chunks)
    }
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }

  async #skip(length: number): Promise<void> {
    for (let left = length; ;) {
      const passed = Math.min(left, this.#buffer.length)
      this.#buffer = this.#buffer.subarray(passed)
      left -= passed
      if (left === 0) return
      this.#buffer = await this.#next()
    }
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#source.next()
    if (done === true) throw new Error('worker protocol: the connection ended')
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
}
