/**
 * A file that one writes and many read at the same time, each at its own speed. Readers wait for bytes that aren't there
 * yet, and the writer never waits for a reader.
 *
 * A reader that keeps up takes the last pieces from memory: written to disk and read again, each cost two more turns of
 * Node's thread pool, which the encoder waited for. A reader that falls behind reads the file.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises'

/** Small enough for hundreds of readers, and most of what one read(2) costs is shared by it. */
const READ_SIZE = 128 * 1024
/** Bytes that stay in memory when they are on disk. A reader that keeps up is one piece behind. */
const KEPT_BYTES = 1024 * 1024
/** Bytes that may wait for the disk. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024
const FILE_MODE = 0o600

type State =
  | { readonly kind: 'growing' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'failed'; readonly error: unknown }

type Piece = { readonly at: number; readonly bytes: Uint8Array }

export class GrowingFile {
  #path: string
  readonly #handle: FileHandle
  #size = 0
  #sizeOnDisk = 0
  /** The last pieces, without gaps. All that aren't on disk are among them. */
  readonly #pieces: Piece[] = []
  #writing: Promise<void> = Promise.resolve()
  #naming: Promise<void> = Promise.resolve()
  #state: State = { kind: 'growing' }
  #change = Promise.withResolvers<undefined>()

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  /** @throws Error of the system. */
  static async create(path: string): Promise<GrowingFile> {
    return new GrowingFile(path, await open(path, 'wx+', FILE_MODE))
  }

  /** Bytes that were appended. */
  get size(): number {
    return this.#size
  }

  /**
   * Readers have the bytes at once. Waits only for a disk that is slower.
   * @param bytes must not change any more.
   * @throws Error of the system, perhaps that of an earlier piece.
   */
  async append(bytes: Uint8Array): Promise<void> {
    const piece = { at: this.#size, bytes }
    this.#pieces.push(piece)
    this.#size += bytes.length
    this.#writing = this.#writing.then(async () => this.#write(piece))
    // The next append, or the end, throws it.
    this.#writing.catch(() => undefined)
    this.#changed()
    if (this.#size - this.#sizeOnDisk > MAX_UNWRITTEN_BYTES) await this.#writing
  }

  /** Gives the file its final name. @throws Error of the system. */
  async finish(path: string): Promise<void> {
    await this.#writing
    this.#naming = rename(this.#path, path).then(() => void (this.#path = path))
    await this.#naming
    this.#state = { kind: 'whole' }
    // A reader that stalls keeps nothing in memory.
    this.#pieces.length = 0
    this.#changed()
  }

  /** Removes the file. Its readers fail with the error. */
  async fail(error: unknown): Promise<void> {
    this.#state = { kind: 'failed', error }
    this.#changed()
    await rm(this.#path, { force: true })
  }

  /** Closes the writer's descriptor. Readers go on: they read by descriptors of their own. */
  async close(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#handle.close()
  }

  /** All bytes, those included that are appended later. A chunk is valid until the next one is requested. */
  async *read(): AsyncGenerator<Uint8Array> {
    yield* this.#readFrom(await this.#open())
  }

  /** A reader that comes while the file gets its final name finds neither name at first. */
  async #open(): Promise<FileHandle> {
    const path = this.#path
    return open(path, 'r').catch(async (error: unknown) => {
      await this.#naming
      if (path === this.#path) throw error
      return open(this.#path, 'r')
    })
  }

  async *#readFrom(handle: FileHandle): AsyncGenerator<Uint8Array> {
    let buffer: Buffer | undefined
    let at = 0
    try {
      for (;;) {
        const piece = this.#pieces.findLast((each) => each.at <= at && at < each.at + each.bytes.length)
        if (piece !== undefined) {
          const rest = piece.bytes.subarray(at - piece.at)
          at += rest.length
          yield rest
        } else if (at < this.#sizeOnDisk) {
          buffer ??= Buffer.allocUnsafeSlow(READ_SIZE)
          const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_SIZE, this.#sizeOnDisk - at), at)
          at += bytesRead
          yield buffer.subarray(0, bytesRead)
        } else if (this.#state.kind === 'whole') return
        else if (this.#state.kind === 'failed') throw this.#state.error
        else await this.#change.promise
      }
    } finally {
      await handle.close()
    }
  }

  async #write({ at, bytes }: Piece): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done)
      done += bytesWritten
    }
    this.#sizeOnDisk = at + bytes.length
    const keptFrom = Math.min(this.#sizeOnDisk, this.#size - KEPT_BYTES)
    while (this.#pieces[0] !== undefined && this.#pieces[0].at + this.#pieces[0].bytes.length <= keptFrom)
      this.#pieces.shift()
  }

  #changed(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve(undefined)
  }
}

/** The bytes of a whole file. A chunk is valid until the next one is requested. */
export async function* readWholeFile(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
  try {
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_SIZE, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}
