/**
 * Reads lz4 as the `lz4` program and libarchive (which Nix uses) write it: frames of blocks, one after the other. Holds
 * one block and the 64 kB before it. Checksums are passed over: what is unpacked has a hash of its own.
 * Source: lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md.
 */
const FRAME = 0x184d2204
/** Its last four bits are free. */
const SKIPPABLE = 0x184d2a50
const VERSION = 1
const WINDOW = 64 * 1024
/** By the number that the frame has: 64 kB, 256 kB, 1 MB, 4 MB. */
const MAX_BLOCK: { readonly [code: number]: number } = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 }
const MIN_MATCH = 4
const CHECKSUM = 4

/** @returns the decompressed bytes. @throws Error for what is not lz4, and what `packed` throws. */
export async function* readLz4Frames(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new Input(packed)
  while (!(await input.isAtEnd())) {
    const magic = (await input.take(4)).readUInt32LE()
    if (magic === FRAME) yield* readFrame(input)
    else if ((magic & ~0xf) >>> 0 === SKIPPABLE) await input.skip((await input.take(4)).readUInt32LE())
    else throw new Error('lz4: no frame begins here')
  }
}

async function* readFrame(input: Input): AsyncGenerator<Uint8Array> {
  const [flags = 0, descriptor = 0] = await input.take(2)
  const has = (bit: number): boolean => (flags & (1 << bit)) !== 0
  const maxBlock = MAX_BLOCK[descriptor >> 4]
  if (flags >> 6 !== VERSION || maxBlock === undefined)
    throw new Error('lz4: the frame is of another version')
  if (has(0)) throw new Error('lz4: the frame needs a dictionary')
  const [areIndependent, haveChecksums, hasSize, hasChecksum] = [has(5), has(4), has(3), has(2)]
  await input.skip((hasSize ? 8 : 0) + 1)
  let before: Buffer = Buffer.alloc(0)
  for (;;) {
    const word = (await input.take(4)).readUInt32LE()
    if (word === 0) break
    const size = word & 0x7fffffff
    if (size > maxBlock) throw new Error('lz4: a block is larger than its frame allows')
    const block = await input.take(size)
    const isPlain = word >>> 31 === 1
    const output = isPlain ? Buffer.concat([before, block]) : decodeBlock(block, before, maxBlock)
    if (haveChecksums) await input.skip(CHECKSUM)
    yield output.subarray(before.length)
    if (!areIndependent) before = output.subarray(-WINDOW)
  }
  if (hasChecksum) await input.skip(CHECKSUM)
}

/** @returns what was before, and the content of the block behind it. */
function decodeBlock(block: Buffer, before: Buffer, maxBlock: number): Buffer {
  const output = Buffer.allocUnsafe(before.length + maxBlock)
  before.copy(output)
  let [from, to] = [0, before.length]
  const next = (): number => {
    const byte = block[from++]
    if (byte === undefined) throw new Error('lz4: a block is cut off')
    return byte
  }
  /** 15 means that more bytes follow, up to one that is not 255. */
  const length = (first: number): number => {
    let sum = first
    for (let byte = first === 15 ? 255 : 0; byte === 255;) sum += byte = next()
    return sum
  }
  for (;;) {
    const token = next()
    const literals = length(token >> 4)
    if (from + literals > block.length || to + literals > output.length)
      throw new Error('lz4: a block is damaged')
    block.copy(output, to, from, from + literals)
    from += literals
    to += literals
    if (from === block.length) return output.subarray(0, to)
    const distance = next() | (next() << 8)
    const match = length(token & 15) + MIN_MATCH
    if (distance === 0 || distance > to || to + match > output.length)
      throw new Error('lz4: a block is damaged')
    copyMatch(output, to, distance, match)
    to += match
  }
}

/** A match may overlap what it writes: then the bytes between repeat. */
function copyMatch(output: Buffer, to: number, distance: number, length: number): void {
  for (let done = 0; done < length;) {
    // What was copied doubles the run that the rest is taken from.
    const piece = Math.min(length - done, distance + done)
    output.copyWithin(to + done, to - distance, to - distance + piece)
    done += piece
  }
}

class Input {
  readonly #source: AsyncIterator<Uint8Array>
  #chunks: Buffer[] = []
  #length = 0

  constructor(packed: AsyncIterable<Uint8Array>) {
    this.#source = packed[Symbol.asyncIterator]()
  }

  async isAtEnd(): Promise<boolean> {
    return this.#length === 0 && !(await this.#more())
  }

  async take(length: number): Promise<Buffer> {
    while (this.#length < length) if (!(await this.#more())) throw new Error('lz4: cut off')
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    this.#chunks = [all.subarray(length)]
    this.#length -= length
    return all.subarray(0, length)
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.take(Math.min(left, WINDOW))).length
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done === true) return false
    this.#chunks.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    this.#length += value.byteLength
    return true
  }
}
