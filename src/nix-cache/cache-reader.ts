/**
 * Decides what a client may read. The store is world-readable on its machine, and the registry must not make it so on
 * the network. Without the token, clients read what they can pull anyway: images, and the paths of their closures.
 * With the token they also read what they may import: paths with a content address, which are derivations and sources.
 */
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../core/errors/errors.ts'
import { formatNarinfo } from '../core/nix/narinfo.ts'
import type { BlobContent } from '../core/tar/segment.ts'
import { base32Sha256, parseSha256, type Sha256 } from '../core/oci/sha256.ts'
import { isDerivationPath, type StoreHash, type StorePath } from '../core/nix/store-path.ts'
import { PageCache } from '../layer/packed-frame.ts'
import type { StoreReader } from '../layer/store-reader.ts'
import { BlobStreams } from '../layer/stream.ts'
import type { PathInfo, Store } from '../store/store.ts'

export type CacheReaderOptions = {
  readonly store: Store
  readonly reader: StoreReader
  /** All that belongs to an image that a valid path is; `undefined` where it can't be pulled. */
  readonly servedClosure: (path: StorePath) => Promise<readonly PathInfo[] | undefined>
  /** Keeps a path from being collected while it is read, or until what needs it is imported. */
  readonly hold: (path: StorePath) => Promise<void>
}

export type Archive = {
  readonly hash: Sha256
  /** Bytes. */
  readonly size: number
  /** Chunks as `BlobStreams.read` gives them. @throws RegistryError `unavailable` in mid-stream. */
  readonly read: () => AsyncGenerator<Uint8Array>
}

/** Paths that belong to images, remembered: 10 MB. One that is forgotten is found again with its image. */
const PATHS_REMEMBERED = 100_000
/**
 * The limit for unpacked headers of archives that are being sent. An archive is sent once, from its start to its end.
 */
const UNPACKED_BYTES = 4 * 1024 * 1024

export class CacheReader {
  readonly #options: CacheReaderOptions
  readonly #streams: BlobStreams
  readonly #pages = new PageCache(UNPACKED_BYTES)
  readonly #served = new LRUCache<StorePath, true>({ max: PATHS_REMEMBERED })

  constructor(options: CacheReaderOptions) {
    this.#options = options
    this.#streams = new BlobStreams(options.reader)
  }

  /** `undefined` for what isn't there, and for what may not be read. @throws RegistryError `unavailable`. */
  async narinfo(hash: StoreHash, hasToken: boolean): Promise<string | undefined> {
    const info = await this.#readable(hash, hasToken)
    if (info === undefined) return undefined
    const narHash = narHashOf(info)
    return formatNarinfo({
      storePath: info.path,
      url: `nar/${hash}-${base32Sha256(narHash)}.nar`,
      compression: 'none',
      fileHash: narHash,
      fileSize: info.narSize,
      narHash,
      narSize: info.narSize,
      references: info.references,
      deriver: info.deriver,
      signatures: info.signatures,
      contentAddress: info.contentAddress === '' ? undefined : info.contentAddress,
    })
  }

  /**
   * The archive that a narinfo named.
   * @returns `undefined` also when the path has other contents by now.
   * @throws RegistryError `unavailable`.
   */
  async archive(hash: StoreHash, narHash: Sha256, hasToken: boolean): Promise<Archive | undefined> {
    const info = await this.#readable(hash, hasToken)
    if (info === undefined || narHashOf(info) !== narHash) return undefined
    return { hash: narHash, size: info.narSize, read: () => this.#read(info) }
  }

  async *#read({ path, narSize }: PathInfo): AsyncGenerator<Uint8Array> {
    const packed = await this.#options.reader.archive(path)
    if (packed.size !== narSize)
      throw new RegistryError('unavailable', `${path} has other contents than Nix knows`)
    const frame = this.#pages.open(packed)
    const content: BlobContent = { kind: 'layer', frame }
    yield* this.#streams.read(content, { start: 0, end: frame.size })
  }

  async #readable(hash: StoreHash, hasToken: boolean): Promise<PathInfo | undefined> {
    const { store, hold } = this.#options
    const path = await store.pathFromHash(hash)
    const info = path === undefined ? undefined : await store.info(path)
    if (info === undefined || !(await this.#mayRead(info, hasToken))) return undefined
    await hold(info.path)
    return info
  }

  async #mayRead({ path, contentAddress }: PathInfo, hasToken: boolean): Promise<boolean> {
    if (hasToken && (contentAddress !== '' || isDerivationPath(path))) return true
    if (this.#served.get(path) === true) return true
    if (isDerivationPath(path)) return false
    // Who may pull an image gets all of its closure, file by file, in its layers.
    const closure = await this.#options.servedClosure(path)
    for (const member of closure ?? []) this.#served.set(member.path, true)
    return closure !== undefined
  }
}

function narHashOf({ path, narHash }: PathInfo): Sha256 {
  const hash = parseSha256(`sha256:${narHash}`)
  if (hash === undefined) throw new RegistryError('unavailable', `Nix has no SHA-256 of ${path}`)
  return hash
}
