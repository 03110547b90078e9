/**
 * Slows down who tries tokens: an address has ten wrong ones, and gets one more every three seconds. Until then tokens
 * from it aren't compared, since a comparison would be a guess. Other addresses aren't affected. The same wrong token
 * counts once, so that a client that still has the old token of a rotated file locks nobody out.
 */
import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'

type Entry = {
  /** Wrong tokens that the address has left at `at`; grows with time. */
  left: number
  at: number
  /** Digests of the wrong tokens that were counted last. */
  readonly wrong: string[]
}

const BURST = 10
const REFILL_MS = 3_000
/** Entries of some hundred bytes. Past it the address that was seen longest ago is forgotten. */
const MAX_ADDRESSES = 10_000
/** The hextets of a network that is given to one customer (RFC 6177): all its addresses are one. */
const NETWORK_HEXTETS = 4

export class GuessLimit {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_ADDRESSES })
  readonly #now: () => number

  /** @param now milliseconds on a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Seconds until a token of this address may be compared; 0 for now. @param digest of the token. */
  waitSeconds(address: string, digest: string): number {
    const entry = this.#entries.get(networkOf(address))
    if (entry === undefined || entry.wrong.includes(digest)) return 0
    const left = this.#leftOf(entry)
    return left >= 1 ? 0 : Math.ceil(Math.round((1 - left) * REFILL_MS) / 1000)
  }

  /**
   * Counts a wrong token.
   * @returns `repeated` if this one was counted before, `last` if the next one has to wait.
   */
  count(address: string, digest: string): 'counted' | 'repeated' | 'last' {
    const key = networkOf(address)
    const entry = this.#entries.get(key) ?? { left: BURST, at: this.#now(), wrong: [] }
    if (entry.wrong.includes(digest)) return 'repeated'
    entry.left = this.#leftOf(entry) - 1
    entry.at = this.#now()
    entry.wrong.push(digest)
    if (entry.wrong.length > BURST) entry.wrong.shift()
    this.#entries.set(key, entry)
    return entry.left < 1 ? 'last' : 'counted'
  }

  /** Takes a count back: what was counted before it was compared turned out to be right. */
  forgive(address: string, digest: string): void {
    const entry = this.#entries.get(networkOf(address))
    const at = entry?.wrong.indexOf(digest) ?? -1
    if (entry === undefined || at === -1) return
    entry.wrong.splice(at, 1)
    entry.left = Math.min(BURST, this.#leftOf(entry) + 1)
    entry.at = this.#now()
  }

  /** How many are remembered. */
  get addresses(): number {
    return this.#entries.size
  }

  #leftOf({ left, at }: Entry): number {
    return Math.min(BURST, left + (this.#now() - at) / REFILL_MS)
  }
}

/** The network of an IPv6 address, the address of IPv4, and one name for all of loopback. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
  if (mapped.startsWith('127.') || mapped === '::1') return 'loopback'
  if (!isIPv6(mapped)) return mapped
  const [plain = ''] = mapped.split('%', 1)
  const [head = '', tail] = plain.split('::', 2)
  const [first, last] = [head, tail ?? ''].map((part) => part.split(':').filter((hextet) => hextet !== ''))
  const [before, after] = [first ?? [], last ?? []]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const hextets = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${hextets.slice(0, NETWORK_HEXTETS).join(':')}::/64`
}
