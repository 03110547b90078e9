/** Finds the cache to fetch a path from: all are asked side by side, and the preferred one that has it is taken. */
import { FairLimit } from '../../../core/fair-limit.ts'
import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { contentAddressedPath, parseContentAddress } from '../../../core/nix/content-address.ts'
import type { Narinfo } from '../../../core/nix/narinfo.ts'
import { isSignedBy, type SigningKey } from '../../../core/nix/signature.ts'
import { storeNameOf, type StorePath } from '../../../core/nix/store-path.ts'
import type { BinaryCache } from './binary-cache.ts'
import { CacheTrouble } from './cache-files.ts'

/** A path that can be fetched. */
export type Offer = { readonly kind: 'offer'; readonly cache: BinaryCache; readonly narinfo: Narinfo }

export type Found =
  | Offer
  | {
      readonly kind: 'none'
      /** Caches that could not be asked, as `<cache>: <why>`. */
      readonly troubles: readonly string[]
      /** Caches that have the path in a way that is not accepted, as `<cache>: <why>`. */
      readonly refusals: readonly string[]
    }

export type Trust = {
  readonly keys: readonly SigningKey[]
  /** Whether a path needs the signature of one of the keys. */
  readonly requiresSignature: boolean
}

/** Requests for narinfos at once. More than this is slower at most caches. */
const ASKED_AT_ONCE = 24
/** Once a cache has the path, a preferred one gets so long to answer. */
const PATIENCE_MS = 500
/** A path that was just pushed to a cache is wanted soon. kubelet asks again after 10 s, 20 s and so on. */
const ABSENT_MS = 20_000
const OFFERED_MS = 3_600_000
/** A narinfo takes a few kilobytes. */
const REMEMBERED = 20_000

export class LookUp {
  readonly caches: readonly BinaryCache[]
  readonly #builder: BinaryCache | undefined
  readonly #trust: Trust
  readonly #turn = new FairLimit(ASKED_AT_ONCE, ASKED_AT_ONCE - 1)
  readonly #known = new LRUCache<StorePath, Found>({ max: REMEMBERED, ttl: OFFERED_MS })

  /** @param builder is asked where no cache has a path. */
  constructor(caches: readonly BinaryCache[], trust: Trust, builder?: BinaryCache) {
    this.caches = caches
    this.#builder = builder
    this.#trust = trust
  }

  /** The caches, for people. */
  get names(): string {
    const all = this.#builder === undefined ? this.caches : [...this.caches, this.#builder]
    return all.map(({ name }) => name).join(', ')
  }

  /** @param except caches that are not to be used. They failed. */
  async find(
    path: StorePath,
    signal: AbortSignal,
    except: ReadonlySet<BinaryCache> = new Set(),
  ): Promise<Found> {
    const known = except.size === 0 ? this.#known.get(path) : undefined
    if (known !== undefined) return known
    const found = await this.#turn.run(() => this.#ask(path, signal, except))
    if (found.kind === 'offer') this.#known.set(path, found)
    else if (found.troubles.length === 0 && except.size === 0)
      this.#known.set(path, found, { ttl: ABSENT_MS })
    else this.#known.delete(path)
    return found
  }

  async #ask(path: StorePath, signal: AbortSignal, except: ReadonlySet<BinaryCache>): Promise<Found> {
    signal.throwIfAborted()
    const candidates = this.caches.filter((cache) => !except.has(cache))
    const ranked = await Promise.all(candidates.map(rank))
    const ready = ranked.flatMap((each) => (each.kind === 'ready' ? [each] : []))
    ready.sort((a, b) => a.priority - b.priority)
    const asks = ready.map(({ cache }) => this.#askOne(cache, path, signal))
    const late = afterFirstOffer(asks)
    const troubles = ranked.flatMap((each) => (each.kind === 'trouble' ? [each.why] : []))
    const refusals: string[] = []
    for (const ask of asks) {
      const first = await Promise.race([ask, late])
      if (first === 'late') continue
      const answer = first === 'no offer' ? await ask : first
      if (answer.kind === 'offer') return answer
      if (answer.kind === 'trouble') troubles.push(answer.why)
      if (answer.kind === 'refused') refusals.push(answer.why)
    }
    if (this.#builder !== undefined && !except.has(this.#builder)) {
      const answer = await this.#askOne(this.#builder, path, signal)
      if (answer.kind === 'offer') return answer
      if (answer.kind === 'trouble') troubles.push(answer.why)
    }
    return { kind: 'none', troubles, refusals }
  }

  /** Forgets which paths no cache has: something was built. */
  forgetAbsent(): void {
    for (const [path, found] of this.#known) if (found.kind === 'none') this.#known.delete(path)
  }

  close(): void {
    for (const { files } of this.caches) files.close()
    this.#builder?.files.close()
  }

  async #askOne(cache: BinaryCache, path: StorePath, signal: AbortSignal): Promise<Answer> {
    try {
      const narinfo = await cache.narinfo(path, signal)
      if (narinfo === undefined) return { kind: 'absent' }
      const isTrusted = cache.address.isTrusted || !this.#trust.requiresSignature
      if (isTrusted || isAddressed(narinfo) || isSigned(this.#trust.keys, narinfo))
        return { kind: 'offer', cache, narinfo }
      const signers = narinfo.signatures.map((signature) => signature.split(':')[0]).join(', ')
      const why =
        signers === '' ? 'it is not signed' : `it is signed by ${signers}, and no such key is trusted`
      return { kind: 'refused', why: `${cache.name}: ${why}` }
    } catch (cause) {
      if (!(cause instanceof CacheTrouble)) throw cause
      return { kind: 'trouble', why: `${cache.name}: ${cause.message}` }
    }
  }
}

type Answer =
  Offer | { readonly kind: 'absent' } | { readonly kind: 'trouble' | 'refused'; readonly why: string }
type Ranked =
  | { readonly kind: 'ready'; readonly cache: BinaryCache; readonly priority: number }
  | { readonly kind: 'trouble'; readonly why: string }

async function rank(cache: BinaryCache): Promise<Ranked> {
  try {
    return { kind: 'ready', cache, priority: await cache.priority() }
  } catch (cause) {
    if (!(cause instanceof CacheTrouble)) throw cause
    return { kind: 'trouble', why: `${cache.name}: ${cause.message}` }
  }
}

/** Settles a while after the first offer, or once there is none. */
async function afterFirstOffer(asks: readonly Promise<Answer>[]): Promise<'late' | 'no offer'> {
  const offers = asks.map(async (ask) => {
    if ((await ask).kind !== 'offer') throw new Error('no offer')
  })
  try {
    await Promise.any(offers)
  } catch {
    return 'no offer'
  }
  await setTimeout(PATIENCE_MS, undefined, { ref: false })
  return 'late'
}

function isSigned(keys: readonly SigningKey[], narinfo: Narinfo): boolean {
  const { storePath, narHash, narSize, references, signatures } = narinfo
  return isSignedBy(keys, { path: storePath, narHash, narSize, references, signatures })
}

/** Whether the path itself tells the hash of its archive: then it needs no signature, as in Nix. */
function isAddressed({ storePath, narHash, references, contentAddress }: Narinfo): boolean {
  const address = contentAddress === undefined ? undefined : parseContentAddress(contentAddress)
  if (address?.method !== 'archive' || address.hash !== narHash) return false
  return contentAddressedPath(storeNameOf(storePath), address, references) === storePath
}
