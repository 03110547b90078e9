/**
 * Compressed archives, unpacked on disk: a layer in the middle of a gzip file can't be read by position, so the file
 * is unpacked once, and its layers are slices of the result. Bounded by bytes, the least recently used going first,
 * and never one in use; what is dropped is made again when it is asked for, with the same bytes.
 *
 * Only whole files have their final name (written beside it, flushed, renamed), so what survives a crash is right.
 * Several processes may share the directory; one that drops what another streams cuts that download, which goes on
 * from there when the client asks again.
 */
import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { rename, rm, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { ignoreDeletions, type DeletionListener } from '../core/deletion.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { systemReason } from '../core/errors/system-error.ts'
import { unreadable } from '../core/errors/unreadable.ts'
import { fileOf, type StoreDirectory } from '../core/nix/store-directory.ts'
import type { StorePath } from '../core/nix/store-path.ts'
import { CacheDirectory } from './cache-directory.ts'
import { decompressed, type Compression } from './compression.ts'

/** A compressed file of the store. */
export type PackedFile = {
  readonly path: StorePath
  readonly compression: Compression
  /** The hash of its contents, as Nix has it. It is independent of the path. */
  readonly narHash: string
}

export type UnpackedFile = {
  readonly path: string
  readonly size: number
  /** Ends its use: the file may be dropped after that. */
  readonly release: () => void
}

/** A thread each that does nothing else, and layers are hashed and streamed meanwhile. */
const UNPACKED_AT_ONCE = 2
/**
 * Unpacked bytes for a packed one. Programs come to 3 or 4, text to 10; deflate reaches 1032 (zlib, "Technical
 * Details") and zstd more, for zeros alone. Below the floor it doesn't matter: a small image may be mostly zeros.
 */
const MAX_RATIO = 200
const RATIO_FLOOR = 256 * 1024 * 1024
/** Files that couldn't be unpacked aren't tried again by this process: kubelet asks for them every few minutes. */
const FAILURES_KEPT = 1000

/** For the owner alone, as all of the state directory. */
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600

export class UnpackCache {
  readonly #directory: string
  readonly #files: CacheDirectory
  readonly #maxBytes: number
  readonly #storeDirectory: StoreDirectory
  readonly #onDeletion: DeletionListener
  /** Sizes by key, least recently used first. */
  readonly #sizes = new Map<string, number>()
  readonly #users = new Map<string, number>()
  readonly #making = new Map<string, Promise<number>>()
  readonly #failures = new LRUCache<string, RegistryError>({ max: FAILURES_KEPT })
  readonly #turn = pLimit(UNPACKED_AT_ONCE)
  readonly #closing = new AbortController()
  /** Bytes on disk, those of files being written included. */
  #bytes = 0
  #dropping: Promise<unknown> = Promise.resolve()

  /**
   * @param directory made if it isn't there; files of processes that ended before they were whole are removed.
   * @param maxBytes of all unpacked files together.
   * @param storeDirectory the files of the store.
   * @param onDeletion hears of each file that is dropped.
   * @throws RegistryError `unavailable` when it can't be used.
   */
  constructor(
    directory: string,
    maxBytes: number,
    storeDirectory: StoreDirectory,
    onDeletion: DeletionListener = ignoreDeletions,
  ) {
    this.#onDeletion = onDeletion
    this.#storeDirectory = storeDirectory
    this.#directory = directory
    this.#files = new CacheDirectory(directory, '.tar')
    this.#maxBytes = maxBytes
    try {
      mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE })
      for (const { key, size } of this.#files.wholeFiles()) {
        this.#sizes.set(key, size)
        this.#bytes += size
      }
      for (const key of this.#idleUntilFits(0)) {
        rmSync(this.#files.pathOf(key), { force: true })
        this.#tell(key, true)
      }
    } catch (cause) {
      throw new RegistryError('unavailable', `unpacked archives in ${directory}: ${messageOf(cause)}`, {
        cause,
      })
    }
  }

  /**
   * Returns the unpacked file, which stays until its release. Unpacks it if need be.
   * @throws RegistryError `unservable` for a broken file, or one too large; `unavailable` for want of space.
   */
  async use(file: PackedFile): Promise<UnpackedFile> {
    const key = createHash('sha256').update(file.narHash).digest('hex')
    // Before anything is waited for: what is made must still be there when it is handed out.
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1)
    let isReleased = false
    const release = () => {
      if (isReleased) return
      isReleased = true
      const users = (this.#users.get(key) ?? 1) - 1
      if (users === 0) this.#users.delete(key)
      else this.#users.set(key, users)
    }
    try {
      const size = (await this.#present(key)) ?? (await this.#make(key, file))
      return { path: this.#files.pathOf(key), size, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Bytes that it takes on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Ends what is being unpacked. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#making.values())
  }

  /** The size of a file that is there, which is marked as used, here and for the next process. */
  async #present(key: string): Promise<number | undefined> {
    const size = this.#sizes.get(key)
    if (size === undefined) return undefined
    const stats = await stat(this.#files.pathOf(key)).catch(() => undefined)
    // Another caller may have found it gone, and even made it again.
    if (this.#sizes.get(key) !== size) return this.#sizes.get(key)
    this.#sizes.delete(key)
    if (stats?.size !== size) {
      this.#bytes -= size
      return undefined
    }
    this.#sizes.set(key, size)
    const now = new Date()
    await utimes(this.#files.pathOf(key), now, now).catch(() => undefined)
    return size
  }

  /** One piece of work, however many ask; it belongs to none of them. */
  #make(key: string, file: PackedFile): Promise<number> {
    const failure = this.#failures.get(key)
    if (failure !== undefined) return Promise.reject(failure)
    const running = this.#making.get(key)
    if (running !== undefined) return running
    const making = this.#turn(() => this.#unpack(key, file))
      .catch((error: unknown) => {
        if (error instanceof RegistryError && error.kind === 'unservable') this.#failures.set(key, error)
        throw error
      })
      .finally(() => this.#making.delete(key))
    making.catch(() => undefined)
    this.#making.set(key, making)
    return making
  }

  async #unpack(key: string, file: PackedFile): Promise<number> {
    const partial = this.#files.partialPath(key)
    const packedFile = fileOf(this.#storeDirectory, file.path)
    const packed = await sizeOf(file.path, packedFile)
    let size = 0
    const admitted = async function* (this: UnpackCache): AsyncGenerator<Uint8Array> {
      for await (const chunk of decompressed(file.path, file.compression, packedFile)) {
        await this.#demandRoom(file.path, size + chunk.length, packed, chunk.length)
        size += chunk.length
        this.#bytes += chunk.length
        yield chunk
      }
    }
    try {
      // Deleted while the server runs, it is made anew.
      mkdirSync(this.#directory, { recursive: true, mode: DIRECTORY_MODE })
      const sink = createWriteStream(partial, { flags: 'wx', flush: true, mode: FILE_MODE })
      await pipeline(admitted.call(this), sink, { signal: this.#closing.signal })
      // Lest the last one of this name be removed only now.
      await this.#dropping
      await rename(partial, this.#files.pathOf(key))
      this.#sizes.set(key, size)
      return size
    } catch (cause) {
      this.#bytes -= size
      await rm(partial, { force: true }).catch(() => undefined)
      if (cause instanceof RegistryError) throw cause
      throw new RegistryError(
        'unavailable',
        `cannot unpack ${file.path} into ${this.#directory}: ${messageOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  /** @param size that the file has come to. @param more bytes that are to be written now. */
  async #demandRoom(path: StorePath, size: number, packed: number, more: number): Promise<void> {
    if (size > this.#maxBytes) {
      throw new RegistryError(
        'unservable',
        `${path}: its archive unpacks to more than the ${this.#maxBytes / 1e6} MB that unpacked archives may take (--cache-size)`,
      )
    }
    if (size > RATIO_FLOOR && size > packed * MAX_RATIO) {
      throw new RegistryError(
        'unservable',
        `${path}: its archive unpacks to more than ${MAX_RATIO} times its size, as no image does`,
      )
    }
    await this.#drop(this.#idleUntilFits(more))
    if (this.#bytes + more > this.#maxBytes) {
      throw new RegistryError(
        'unavailable',
        `no room to unpack ${path}: the ${this.#maxBytes / 1e6} MB for unpacked archives (--cache-size) are all in use`,
      )
    }
  }

  #drop(keys: readonly string[]): Promise<unknown> {
    if (keys.length === 0) return Promise.resolve()
    const removed = keys.map((key) =>
      rm(this.#files.pathOf(key), { force: true }).then(
        () => this.#tell(key, true),
        () => this.#tell(key, false),
      ),
    )
    this.#dropping = Promise.allSettled([this.#dropping, ...removed])
    return this.#dropping
  }

  #tell(key: string, isDone: boolean): void {
    const reason = 'least recently used, and others need the room (--cache-size)'
    this.#onDeletion({ target: this.#files.pathOf(key), reason, isDone })
  }

  /** Forgets files that nobody uses until so many bytes more fit: the caller removes them. */
  #idleUntilFits(more: number): readonly string[] {
    const dropped: string[] = []
    for (const [key, size] of this.#sizes) {
      if (this.#bytes + more <= this.#maxBytes) break
      if (this.#users.has(key)) continue
      this.#sizes.delete(key)
      this.#bytes -= size
      dropped.push(key)
    }
    return dropped
  }
}

async function sizeOf(path: StorePath, file: string | Buffer): Promise<number> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  return size
}

function messageOf(cause: unknown): string {
  return systemReason(cause) ?? (cause instanceof Error ? cause.message : String(cause))
}
