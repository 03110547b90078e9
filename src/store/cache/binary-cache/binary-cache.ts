/** One binary cache: its priority, and what it has. A cache that does not answer is left alone for a while. */
import { parseCacheInfo } from '../../../core/nix/cache-info.ts'
import { RegistryError } from '../../../core/errors/errors.ts'
import { parseNarinfo, type Narinfo } from '../../../core/nix/narinfo.ts'
import { storeHashOf, type StorePath } from '../../../core/nix/store-path.ts'
import { CacheTrouble, type CacheFiles } from './cache-files.ts'
import type { CacheOptions } from './cache-url.ts'
import { readSmallFile } from './read-file.ts'

/** A path of 10,000 references has 600 kB. */
const MAX_NARINFO = 1024 * 1024
const MAX_CACHE_INFO = 64 * 1024
/** As long as a cache may take for a narinfo: it is a few hundred bytes. */
const ANSWER_MS = 20_000
/** A cache that does not answer is not asked again for so long, so that not every pull waits for it. */
const REST_MS = 30_000

export class BinaryCache {
  readonly address: CacheOptions
  readonly files: CacheFiles
  #priority: Promise<number> | undefined
  #rest: { readonly until: number; readonly trouble: CacheTrouble } | undefined

  constructor(address: CacheOptions, files: CacheFiles) {
    this.address = address
    this.files = files
  }

  get name(): string {
    return this.address.name
  }

  /** The priority; a lower one is preferred. @throws CacheTrouble. */
  priority(): Promise<number> {
    this.#priority ??= this.#readPriority().catch((error: unknown) => {
      this.#priority = undefined
      throw error
    })
    return this.#priority
  }

  /**
   * Returns what the cache says of a path; nothing where it does not have it.
   * @throws CacheTrouble, also for an answer about another path and for what is not a narinfo.
   */
  async narinfo(path: StorePath, signal: AbortSignal): Promise<Narinfo | undefined> {
    const text = await this.#read(`${storeHashOf(path)}.narinfo`, MAX_NARINFO, signal)
    if (text === undefined) return undefined
    const narinfo = asTrouble(() => parseNarinfo(text))
    if (narinfo.storePath === path) return narinfo
    throw new CacheTrouble(`it answers with ${narinfo.storePath} where ${path} was asked for`)
  }

  async #readPriority(): Promise<number> {
    const text = await this.#read('nix-cache-info', MAX_CACHE_INFO, undefined)
    if (text === undefined) throw new CacheTrouble('it has no nix-cache-info: is this a binary cache?')
    const { priority } = asTrouble(() => parseCacheInfo(text))
    return this.address.priority ?? priority
  }

  async #read(name: string, maxBytes: number, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (this.#rest !== undefined && Date.now() < this.#rest.until) throw this.#rest.trouble
    const limit = AbortSignal.timeout(ANSWER_MS)
    try {
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit])
      const text = await readSmallFile(this.files, name, maxBytes, both)
      this.#rest = undefined
      return text
    } catch (cause) {
      signal?.throwIfAborted()
      const trouble =
        cause instanceof CacheTrouble
          ? cause
          : new CacheTrouble('no answer in time', { cause, isPassing: true })
      if (trouble.isPassing) this.#rest = { until: Date.now() + REST_MS, trouble }
      throw trouble
    }
  }
}

function asTrouble<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (cause instanceof RegistryError) throw new CacheTrouble(cause.message, { cause })
    throw cause
  }
}
