/**
 * The framing of Nix's worker protocol: little-endian 64-bit integers, and byte strings with their length before and
 * zeros behind them up to a multiple of eight. Source: Nix manual, "Serialisation Used by Nix"; `serialise.hh`.
 */

/** No message we read comes near this; more means that we lost our place in the stream. */
const MAX_STRING_LENGTH = 256 * 1024 * 1024
const MAX_LIST_LENGTH = 16 * 1024 * 1024
/** Bytes kept of a text for people: a builder may print a line of 100 MB, and nobody reads that. */
const TEXT_KEPT = 64 * 1024

/** Bytes of most requests. */
const REQUEST_SIZE = 256
const HALF = 2 ** 32

/** Collects one request, or several. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(REQUEST_SIZE)
  #length = 0

  number(value: number | bigint): this {
    const at = this.#grow(8)
    if (typeof value === 'bigint') {
      this.#bytes.writeBigUInt64LE(value, at)
    } else {
      this.#bytes.writeUInt32LE(value % HALF, at)
      this.#bytes.writeUInt32LE(Math.floor(value / HALF), at + 4)
    }
    return this
  }

  string(text: string): this {
    const length = Buffer.byteLength(text)
    this.number(length)
    const at = this.#grow(padded(length))
    this.#bytes.write(text, at)
    this.#bytes.fill(0, at + length, this.#length)
    return this
  }

  strings(texts: readonly string[]): this {
    this.number(texts.length)
    for (const text of texts) this.string(text)
    return this
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Makes room. @returns where it begins. */
  #grow(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.#length)
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    return start
  }
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8
}

/** Reads numbers and strings from a stream of chunks. Every method rejects when the stream ends or fails first. */
export class WireReader {
  readonly #source: AsyncIterator<Uint8Array>
  #buffer: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async number(): Promise<number> {
    const bytes = this.#buffer.length < 8 ? await this.#take(8) : this.#cut(8)
    const value = bytes.readUInt32LE(4) * HALF + bytes.readUInt32LE()
    if (value > Number.MAX_SAFE_INTEGER)
      throw new Error(`worker protocol: number out of range: ${bytes.readBigUInt64LE()}`)
    return value
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
    return (await this.#take(padded(length))).toString('utf8', 0, length)
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
    return this.#cut(length)
  }

  /** The next bytes, which are here. */
  #cut(length: number): Buffer {
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
