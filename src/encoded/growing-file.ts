/**
 * A file that one writes and many read at the same time, each at its own speed. Readers wait for what isn't written yet,
 * and the writer never waits for a reader.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises'

/** Small enough for hundreds of readers, and most of what one read(2) costs is shared by it. */
const READ_SIZE = 128 * 1024
const FILE_MODE = 0o600

type State =
  | { readonly kind: 'growing' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'failed'; readonly error: unknown }

export class GrowingFile {
  readonly #path: string
  readonly #handle: FileHandle
  #size = 0
  #state: State = { kind: 'growing' }
  #change = Promise.withResolvers<undefined>()
  #waits = 0

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  /** @throws Error of the system. */
  static async create(path: string): Promise<GrowingFile> {
    return new GrowingFile(path, await open(path, 'wx+', FILE_MODE))
  }

  /** Bytes that are written. */
  get size(): number {
    return this.#size
  }

  /** How often a reader had to wait for the writer. */
  get waits(): number {
    return this.#waits
  }

  /** @throws Error of the system. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes)
    this.#size += bytes.length
    this.#changed()
  }

  /** Gives the file its final name. @throws Error of the system. */
  async finish(path: string): Promise<void> {
    await rename(this.#path, path)
    this.#state = { kind: 'whole' }
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
    await this.#handle.close()
  }

  /** All bytes, those included that are written later. A chunk is valid until the next one is requested. */
  async *read(): AsyncGenerator<Uint8Array> {
    const handle = await open(this.#path, 'r')
    yield* this.#readFrom(handle)
  }

  async *#readFrom(handle: FileHandle): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE)
    let at = 0
    try {
      for (;;) {
        if (at < this.#size) {
          const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_SIZE, this.#size - at), at)
          at += bytesRead
          yield buffer.subarray(0, bytesRead)
        } else if (this.#state.kind === 'whole') return
        else if (this.#state.kind === 'failed') throw this.#state.error
        else {
          this.#waits += 1
          await this.#change.promise
        }
      }
    } finally {
      await handle.close()
    }
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
