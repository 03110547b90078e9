/**
 * Memory for chunks, used again and again: left to the garbage collector, the buffers of 64 pulls at once pile up to
 * 200 MB between two collections (measured), of which a few dozen are ever in use.
 *
 * The memory is shared with the reader threads. To move a buffer to a thread and back costs half a millisecond, since
 * each move makes new objects that the garbage collector has to count (measured).
 */

export type SharedBuffer = {
  /** Each buffer of the process has its own. */
  readonly id: number
  readonly memory: SharedArrayBuffer
}

let count = 0

export class BufferPool {
  readonly size: number
  readonly #maxIdle: number
  readonly #onDrop: (buffer: SharedBuffer) => void
  readonly #idle: SharedBuffer[] = []

  /**
   * @param size bytes of each buffer.
   * @param maxIdle how many may lie idle.
   * @param onDrop hears of buffers that nobody will use again.
   */
  constructor(size: number, maxIdle: number, onDrop: (buffer: SharedBuffer) => void = () => undefined) {
    this.size = size
    this.#maxIdle = maxIdle
    this.#onDrop = onDrop
  }

  /** A buffer holding anything. */
  take(): SharedBuffer {
    return this.#idle.pop() ?? { id: count++, memory: new SharedArrayBuffer(this.size) }
  }

  /** Gives a buffer of this pool back that nobody reads from or writes to any more. */
  give(buffer: SharedBuffer): void {
    if (this.#idle.length < this.#maxIdle) this.#idle.push(buffer)
    else this.#onDrop(buffer)
  }

  /** Gives up a buffer that somebody may still read. */
  drop(buffer: SharedBuffer): void {
    this.#onDrop(buffer)
  }
}
