/**
 * Layers as zstd, on disk, within a limit. The first client that takes zstd has its layer encoded, and reads the file
 * while it grows; later ones get the file at the speed of the disk. An encoder never waits for a client, so one that
 * stalls holds nothing but its own descriptor. Without a free encoder a layer goes as it is.
 *
 * Copies are a cache: a file has its final name only when it is whole, and any of them may be deleted at any time.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { open, rm, utimes } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import type { Digest } from '../core/oci/digest.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { systemReason } from '../core/errors/system-error.ts'
import { ignoreDeletions, type DeletionListener } from '../core/deletion.ts'
import { CacheDirectory } from '../unpack/cache-directory.ts'
import { GrowingFile, readWholeFile } from './growing-file.ts'
import { EncoderSpeed, isDecoderSlower } from './encoder-speed.ts'

export type EncodedCopiesOptions = {
  /** Made if it isn't there. */
  readonly directory: string
  /** The limit of all copies together. 0: there are none. */
  readonly maxBytes: number
  /** Encoders at once. Default: half of the processors, since clients have to be served meanwhile. */
  readonly encoders?: number
  /** Milliseconds without a request for a layer, after which copies are made for later clients. Default: a second. */
  readonly quietMs?: number
  readonly onDeletion?: DeletionListener
  /** Hears why a copy could not be written. */
  readonly onTrouble?: (error: unknown) => void
}

/** A layer that may be copied. */
export type EncodedBlob = {
  readonly digest: Digest
  readonly size: number
  readonly read: (range: { readonly start: number; readonly end: number }) => AsyncGenerator<Uint8Array>
}

type Copying = {
  readonly key: string
  readonly blob: EncodedBlob
  readonly level: number
  /** Whether clients are served meanwhile, as they are when the next client's level is chosen. */
  readonly isMeasured: boolean
}

const DIRECTORY_MODE = 0o700
/** The pause after a copy could not be written. As a rule the disk is full, and layers go as they are meanwhile. */
const PAUSE_MS = 60_000
/**
 * A match may lie 8 MB back, as far as HTTP allows (RFC 9659, section 3), and zstd looks for long ones there at every level.
 * A closure of 151 MB with bash, git and curl comes to 43 MB at level 1 instead of 60, for the same processor time, and
 * clients decode it in less. It costs an encoder 5 MB of memory.
 */
const WINDOW_LOG = 23
/** Bytes that are written at once. About as many as a chunk of a layer comes to, so each takes one turn of the encoder. */
const PIECE_SIZE = 512 * 1024
/** A chunk at a time, since its memory is used again; and a piece ahead. The types of zlib's leave out options of streams. */
const STREAM_OPTIONS: object = { writableHighWaterMark: 1, readableHighWaterMark: PIECE_SIZE }
const DIGEST_PREFIX = 'sha256:'.length
/** When no layer was requested for so long, the pulls of a rollout are over. */
const QUIET_MS = 1_000
/** Layers of a few images. */
const MAX_LATER = 200
/** For copies that no client waits for. Higher levels take several times as long for a few percent. */
const LATER_LEVEL = 1

export class EncodedCopies {
  readonly #directory: CacheDirectory
  readonly #path: string
  readonly #maxBytes: number
  readonly #encoders: number
  readonly #onTrouble: (error: unknown) => void
  readonly #speed = new EncoderSpeed()
  readonly #growing = new Map<string, Promise<GrowingFile>>()
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** Bytes on disk by key. */
  readonly #sizes: LRUCache<string, number>
  /** Layers that are to be copied when no client asks for any, by key. */
  readonly #later = new Map<string, EncodedBlob>()
  readonly #quietMs: number
  #quiet: NodeJS.Timeout | undefined
  #pausedUntil = 0

  /** @throws RegistryError `unavailable` when the directory can't be used. */
  constructor({
    directory,
    maxBytes,
    encoders = Math.max(1, Math.floor(availableParallelism() / 2)),
    quietMs = QUIET_MS,
    onDeletion = ignoreDeletions,
    onTrouble = () => undefined,
  }: EncodedCopiesOptions) {
    this.#directory = new CacheDirectory(directory, '.zst')
    this.#path = directory
    this.#maxBytes = maxBytes
    this.#encoders = encoders
    this.#quietMs = quietMs
    this.#onTrouble = onTrouble
    this.#sizes = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: (size) => Math.max(1, size),
      dispose: (_size, key, reason) => {
        if (reason !== 'evict') return
        const target = this.#directory.pathOf(key)
        const tell = (isDone: boolean) =>
          onDeletion({
            target,
            reason: 'least recently used, and others need the room (--encoded-size)',
            isDone,
          })
        rm(target, { force: true }).then(
          () => tell(true),
          () => tell(false),
        )
      },
    })
    try {
      if (maxBytes === 0) rmSync(directory, { recursive: true, force: true })
      else mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE })
      for (const { key, size } of maxBytes === 0 ? [] : this.#directory.wholeFiles())
        this.#sizes.set(key, size)
    } catch (cause) {
      throw new RegistryError('unavailable', `encoded layers in ${directory}: ${systemReason(cause)}`, {
        cause,
      })
    }
  }

  /**
   * Returns the bytes of a layer as zstd. Nothing where there is no copy and none can be made now, or where the plain
   * layer reaches the client earlier: then the next client has a copy. A chunk is valid until the next one is requested.
   * @param rate bytes per ms that reach the client. Nothing where that isn't known.
   */
  async read(blob: EncodedBlob, rate?: number): Promise<AsyncGenerator<Uint8Array> | undefined> {
    if (isDecoderSlower(rate)) return undefined
    this.#awaitQuiet()
    const key = keyOf(blob)
    const level = this.#speed.levelFor(rate)
    const growing = this.#growing.get(key)
    if (growing !== undefined) return level === undefined ? undefined : (await growing).read()
    const path = this.#directory.pathOf(key)
    if (this.#sizes.get(key) !== undefined) {
      const handle = await open(path, 'r').catch(() => undefined)
      if (handle !== undefined) {
        const now = new Date()
        await utimes(path, now, now).catch(() => undefined)
        return readWholeFile(handle)
      }
      // Somebody deleted it.
      this.#sizes.delete(key)
    }
    if (level === undefined || !this.#mayEncode(blob.size)) {
      this.copyLater(blob)
      return undefined
    }
    return (await this.#copy({ key, blob, level, isMeasured: true }))?.read()
  }

  /** Makes a copy of a layer that goes plain now, for later clients. It is made when no client asks for a layer. */
  copyLater(blob: EncodedBlob): void {
    const key = keyOf(blob)
    if (this.#sizes.has(key) || this.#later.size >= MAX_LATER) return
    this.#later.set(key, blob)
    this.#awaitQuiet()
  }

  #awaitQuiet(): void {
    clearTimeout(this.#quiet)
    if (this.#later.size === 0 || this.#closing.signal.aborted) return
    this.#quiet = setTimeout(() => void this.#copyNext(), this.#quietMs).unref()
  }

  /** Makes one copy after the other, until a client asks for a layer. */
  async #copyNext(): Promise<void> {
    const quiet = this.#quiet
    for (;;) {
      await Promise.all(this.#running)
      const [next] = this.#later
      if (next === undefined || quiet !== this.#quiet || this.#closing.signal.aborted) return
      const [key, blob] = next
      this.#later.delete(key)
      if (!this.#sizes.has(key) && this.#mayEncode(blob.size))
        await this.#copy({ key, blob, level: LATER_LEVEL, isMeasured: false })
    }
  }

  /** Bytes of all whole copies. */
  get bytes(): number {
    return this.#sizes.calculatedSize
  }

  /** Ends the encoders. */
  async close(): Promise<void> {
    clearTimeout(this.#quiet)
    this.#closing.abort(new Error('the server stops'))
    await Promise.all(this.#running)
  }

  #mayEncode(size: number): boolean {
    return (
      !this.#closing.signal.aborted &&
      // Program code comes to two fifths. What doesn't fit by far would only push all others out.
      size / 2 <= this.#maxBytes &&
      this.#growing.size < this.#encoders &&
      Date.now() >= this.#pausedUntil
    )
  }

  async #copy(work: Copying): Promise<GrowingFile | undefined> {
    const begun = this.#begin(work)
    this.#growing.set(work.key, begun)
    try {
      return await begun
    } catch (error) {
      this.#growing.delete(work.key)
      this.#pause(error)
      return undefined
    }
  }

  async #begin(work: Copying): Promise<GrowingFile> {
    mkdirSync(this.#path, { recursive: true, mode: DIRECTORY_MODE })
    const file = await GrowingFile.create(this.#directory.partialPath(work.key))
    const encoding = this.#encode(work, file).finally(() => this.#running.delete(encoding))
    this.#running.add(encoding)
    return file
  }

  /** Fails never: what goes wrong reaches the readers. */
  async #encode({ key, blob, level, isMeasured }: Copying, file: GrowingFile): Promise<void> {
    const { size, read } = blob
    const start = performance.now()
    const encoder = createZstdCompress({
      ...STREAM_OPTIONS,
      pledgedSrcSize: size,
      chunkSize: PIECE_SIZE,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_windowLog]: WINDOW_LOG,
        [constants.ZSTD_c_enableLongDistanceMatching]: 1,
      },
    })
    try {
      const feeding = pipeline(read({ start: 0, end: size }), encoder, { signal: this.#closing.signal })
      // The encoder fails with the same error.
      feeding.catch(() => undefined)
      for await (const piece of encoder) await file.append(piece as Uint8Array)
      await feeding
      const ms = performance.now() - start
      if (isMeasured) this.#speed.note({ level, size, encodedSize: file.size, ms })
      await file.finish(this.#directory.pathOf(key))
      this.#sizes.set(key, file.size)
    } catch (error) {
      encoder.destroy()
      await file.fail(error).catch(() => undefined)
      // The store's trouble is told where the layer is read.
      if (!(error instanceof RegistryError)) this.#pause(error)
    } finally {
      this.#growing.delete(key)
      await file.close().catch(() => undefined)
    }
  }

  #pause(error: unknown): void {
    this.#pausedUntil = Date.now() + PAUSE_MS
    if (!this.#closing.signal.aborted) this.#onTrouble(error)
  }
}

function keyOf({ digest }: EncodedBlob): string {
  return digest.slice(DIGEST_PREFIX)
}
