/**
 * Memory for chunks, used again and again: left to the garbage collector, the buffers of 64 pulls at once pile up to
 * 200 MB between two collections (measured), of which a few dozen are ever in use.
 *
 * Chunks have several sizes. So the memory is in *slabs*, each cut into buffers of one size. A slab of which no buffer is
 * in use may be cut anew. With buffers of each size kept apart, those of the sizes not in use made up half.
 *
 * The memory is shared with the reader threads. To move a buffer to a thread and back costs half a millisecond, since
 * each move makes new objects that the garbage collector has to count (measured).
 */

export type Slab = {
  /** Each slab of the process has its own. */
  readonly id: number
  readonly memory: SharedArrayBuffer
}

/** A part of a slab. */
export type SharedBuffer = {
  readonly slab: Slab
  /** Its offset in the slab. */
  readonly start: number
  /** Bytes. */
  readonly size: number
}

/** A slab that is cut. */
type Cut = { readonly slab: Slab; readonly size: number; readonly idle: SharedBuffer[] }

/** Bytes of a slab, and of the largest buffer. */
const SLAB_SIZE = 2 * 1024 * 1024

let count = 0

export class BufferPool {
  readonly #maxIdle: number
  readonly #onDrop: (slab: Slab) => void
  /** Slabs of which no buffer is in use. */
  readonly #idle: Slab[] = []
  readonly #cuts = new Map<Slab, Cut>()
  /** Slabs that have idle buffers and used ones, by the size of their buffers. */
  readonly #partial = new Map<number, Set<Cut>>()
  /** Waits until nothing refers to the bytes of a buffer. */
  readonly #left = new FinalizationRegistry<SharedBuffer>((buffer) => this.give(buffer))

  /**
   * @param maxIdle bytes of slabs that may lie idle.
   * @param onDrop hears of slabs that are not used again.
   */
  constructor(maxIdle: number, onDrop: (slab: Slab) => void = () => undefined) {
    this.#maxIdle = maxIdle
    this.#onDrop = onDrop
  }

  /** @param size bytes: a power of two, at most the size of a slab. @returns a buffer holding anything. */
  take(size: number): SharedBuffer {
    const partial = this.#partialOf(size)
    const [cut = this.#cut(size)] = partial
    const buffer = cut.idle.pop()
    if (buffer === undefined) throw new Error('a slab without an idle buffer')
    if (cut.idle.length > 0) partial.add(cut)
    else partial.delete(cut)
    return buffer
  }

  /** Whether there is a buffer of this size, or one can be cut while all slabs have `most` bytes together. */
  hasWithin(most: number, size: number): boolean {
    return (
      this.#partialOf(size).size > 0 || this.#idle.length > 0 || (this.#cuts.size + 1) * SLAB_SIZE <= most
    )
  }

  /** Gives a buffer of this pool back that nobody reads from or writes to any more. */
  give(buffer: SharedBuffer): void {
    const cut = this.#cuts.get(buffer.slab)
    if (cut === undefined) throw new Error('a buffer of another pool')
    cut.idle.push(buffer)
    const partial = this.#partialOf(buffer.size)
    if (cut.idle.length * cut.size < SLAB_SIZE) {
      partial.add(cut)
      return
    }
    partial.delete(cut)
    this.#cuts.delete(cut.slab)
    if ((this.#idle.length + 1) * SLAB_SIZE <= this.#maxIdle) this.#idle.push(cut.slab)
    else this.#onDrop(cut.slab)
  }

  /**
   * Gives a buffer back once the garbage collector finds that nothing refers to `bytes`.
   * @param bytes what somebody may still read: all of them have this object, and none has another view of the memory.
   */
  giveLater(buffer: SharedBuffer, bytes: Uint8Array): void {
    this.#left.register(bytes, buffer)
  }

  #partialOf(size: number): Set<Cut> {
    const found = this.#partial.get(size) ?? new Set()
    this.#partial.set(size, found)
    return found
  }

  #cut(size: number): Cut {
    const slab = this.#idle.pop() ?? { id: count++, memory: new SharedArrayBuffer(SLAB_SIZE) }
    // The first part of the slab is taken first: what was never in use takes no memory.
    const idle = Array.from({ length: SLAB_SIZE / size }, (_, i) => ({
      slab,
      start: i * size,
      size,
    })).toReversed()
    const cut = { slab, size, idle }
    this.#cuts.set(slab, cut)
    return cut
  }
}
