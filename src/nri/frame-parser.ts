/**
 * Cuts a stream of bytes into frames: a header of fixed length that has the length of the payload behind it. Both
 * protocols here are framed so, one within the other.
 */

/** A peer that breaks the protocol. There is no way to find the next frame, so its connection must end. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

export type FrameFormat = {
  readonly headerBytes: number
  /** Returns the length of the payload. */
  readonly lengthOf: (header: Buffer) => number
  /** The largest payload that is taken. */
  readonly maxBytes: number
}

export type Frame = { readonly header: Buffer; readonly payload: Buffer }

export class FrameParser {
  readonly #format: FrameFormat
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(format: FrameFormat) {
    this.#format = format
  }

  /** Takes the next bytes, and returns the frames that are whole with them. @throws ProtocolError for a frame that is too large. */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Frame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | undefined {
    const { headerBytes, lengthOf, maxBytes } = this.#format
    if (this.#bytes < headerBytes) return undefined
    const header = this.#peek(headerBytes)
    const length = lengthOf(header)
    if (length > maxBytes)
      throw new ProtocolError(`a frame of ${length} bytes, where at most ${maxBytes} are allowed`)
    if (this.#bytes < headerBytes + length) return undefined
    const all = this.#peek(headerBytes + length)
    this.#chunks = [this.#joined().subarray(headerBytes + length)]
    this.#bytes -= headerBytes + length
    return { header: all.subarray(0, headerBytes), payload: all.subarray(headerBytes) }
  }

  /** Joins chunks only where the first one is too short, so that a large frame isn't copied with each of its chunks. */
  #peek(length: number): Buffer {
    const [first] = this.#chunks
    return (first !== undefined && first.length >= length ? first : this.#joined()).subarray(0, length)
  }

  #joined(): Buffer {
    const [first] = this.#chunks
    const joined = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}
