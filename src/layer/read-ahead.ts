/**
 * Reader threads that read for each other. A layer has one sha256, so one thread hashes it; but small files take longer
 * to open and read than to hash. So the thread *offers* the next chunks to a thread that has no layer of its own. A
 * chunk that was not begun when it is to be hashed is taken back: nothing ever waits for a thread that is busy.
 *
 * The bytes and the state of each offer are in memory that the threads share. Only the names of files are sent.
 */
import type { MessagePort } from 'node:worker_threads'
import { RegistryError } from '../core/errors/errors.ts'
import type { StoreDirectory } from '../core/nix/store-directory.ts'
import type { Chunk } from './chunk.ts'
import { fillWithoutFiles, readFiles, type FilePart } from './read.ts'

/** Small enough to be hashed out of the processor's cache, and to let waiting reads pass often. */
export const CHUNK_SIZE = 256 * 1024
/** Chunks that a thread may have offered: 2 MB, which take memory once a layer was hashed. */
const SLOTS = 8
/** Only a thread that died in the middle of a chunk takes longer, or a disk that hangs. */
const WAIT_MS = 60_000

/** The state of an offer: its number in the upper bits, its phase in the lower two. */
const PHASE = { offered: 0, taken: 1, done: 2, failed: 3 } as const
const PHASES = 4
const MAX_NUMBER = 2 ** 29

/** Memory of a thread that others see. */
type Shared = {
  readonly bytes: SharedArrayBuffer
  /** One for each slot, and the number of layers that the thread works on. */
  readonly states: Int32Array
}
type Offer = {
  readonly slot: number
  readonly number: number
  readonly parts: readonly FilePart[]
  readonly directory: StoreDirectory
}
type Begun = Offer & { readonly bytes: Uint8Array }
type Peer = { readonly port: MessagePort; readonly shared: Shared }

export class ReadAhead {
  readonly #shared: Shared = {
    bytes: new SharedArrayBuffer(SLOTS * CHUNK_SIZE),
    states: new Int32Array(new SharedArrayBuffer((SLOTS + 1) * Int32Array.BYTES_PER_ELEMENT)),
  }
  /** For a layer that is hashed while others have all slots. */
  readonly #own = new Uint8Array(CHUNK_SIZE)
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot)
  #peers: readonly Peer[] = []
  #nextNumber = 0

  /** Gets to know another thread, which has the other end of `port`. */
  meet(port: MessagePort): void {
    let peer: Peer | undefined
    port.on('message', (message: Shared | Offer) => {
      if ('states' in message) {
        peer = { port, shared: message }
        this.#peers = [...this.#peers, peer]
      } else if (peer !== undefined) readFor(peer.shared, message)
    })
    port.on('close', () => {
      this.#peers = this.#peers.filter((other) => other !== peer)
    })
    port.postMessage(this.#shared)
  }

  /** Works on a layer: no other thread offers anything meanwhile. */
  async working<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.#shared.states, SLOTS, 1)
    try {
      return await work()
    } finally {
      Atomics.sub(this.#shared.states, SLOTS, 1)
    }
  }

  /**
   * The bytes of chunks, in their order. Each is valid until the next one is taken.
   * @throws RegistryError `unavailable` when a file isn't the one that its part was made from.
   */
  *read(chunks: Iterable<Chunk>, directory: StoreDirectory): Generator<Uint8Array> {
    const begun: Begun[] = []
    try {
      for (const chunk of chunks) {
        const slot = this.#free.pop()
        if (slot !== undefined) begun.push(this.#begin(chunk, slot, directory, begun.length > 0))
        while (begun.length > (slot === undefined ? 0 : SLOTS - 1)) yield* this.#finish(begun)
        if (slot === undefined) yield readAlone(chunk, this.#own, directory)
      }
      while (begun.length > 0) yield* this.#finish(begun)
    } finally {
      for (const { slot, number } of begun) if (this.#takeBack(slot, number) !== 'late') this.#free.push(slot)
    }
  }

  /** @param isOffered not for the first chunk, which is hashed next: a small layer has no other. */
  #begin({ segments, length }: Chunk, slot: number, directory: StoreDirectory, isOffered: boolean): Begun {
    const bytes = new Uint8Array(this.#shared.bytes, slot * CHUNK_SIZE, length)
    const parts = fillWithoutFiles(segments, bytes)
    const number = this.#nextNumber
    this.#nextNumber = (number + 1) % MAX_NUMBER
    const offer = { slot, number, parts, directory }
    Atomics.store(this.#shared.states, slot, number * PHASES + PHASE.offered)
    if (isOffered && parts.length > 0) {
      const idle = this.#peers.filter(({ shared }) => Atomics.load(shared.states, SLOTS) === 0)
      idle[number % idle.length]?.port.postMessage(offer)
    }
    return { ...offer, bytes }
  }

  /** Yields the first of them. */
  *#finish(begun: Begun[]): Generator<Uint8Array> {
    const first = begun.shift()
    if (first === undefined) return
    const { slot, number, parts, directory, bytes } = first
    const end = this.#takeBack(slot, number)
    // Its slot is lost, since somebody may still write to it.
    if (end === 'late') throw new RegistryError('unavailable', 'a reader thread ended, or its disk hangs')
    try {
      // If another thread failed to read these files, this one fails too, and throws the reason.
      if (end === 'unread') readFiles(parts, bytes, directory)
      yield bytes
    } finally {
      this.#free.push(slot)
    }
  }

  /** Ends an offer. @returns whether another thread read it, or is late with it. */
  #takeBack(slot: number, number: number): 'unread' | 'read' | 'late' {
    const { states } = this.#shared
    const state = number * PHASES
    const offered = state + PHASE.offered
    if (Atomics.compareExchange(states, slot, offered, state + PHASE.failed) === offered) return 'unread'
    if (Atomics.wait(states, slot, state + PHASE.taken, WAIT_MS) === 'timed-out') return 'late'
    return Atomics.load(states, slot) === state + PHASE.done ? 'read' : 'unread'
  }
}

/** Reads what another thread offered, unless it was taken back. */
function readFor({ bytes, states }: Shared, { slot, number, parts, directory }: Offer): void {
  const state = number * PHASES
  const offered = state + PHASE.offered
  if (Atomics.compareExchange(states, slot, offered, state + PHASE.taken) !== offered) return
  let phase: number = PHASE.failed
  try {
    readFiles(parts, new Uint8Array(bytes, slot * CHUNK_SIZE, CHUNK_SIZE), directory)
    phase = PHASE.done
  } catch {
    // The thread that hashes tries by itself, and has the reason then.
  } finally {
    Atomics.store(states, slot, state + phase)
    Atomics.notify(states, slot)
  }
}

function readAlone({ segments, length }: Chunk, memory: Uint8Array, directory: StoreDirectory): Uint8Array {
  const bytes = memory.subarray(0, length)
  readFiles(fillWithoutFiles(segments, bytes), bytes, directory)
  return bytes
}
