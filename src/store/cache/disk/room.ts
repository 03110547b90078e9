/** The room of the store: how much is used and promised, what must stay, and what goes for something new. */
import pLimit from 'p-limit'
import { RegistryError } from '../../../core/errors/errors.ts'
import type { StorePath } from '../../../core/nix/store-path.ts'
import type { HeldRoots } from '../../store.ts'
import { pathsToEvict } from './eviction.ts'
import type { Offer } from '../binary-cache/look-up.ts'
import type { StoredPaths } from './stored-paths.ts'

export class Room {
  readonly #paths: StoredPaths
  readonly #maxBytes: number
  /** Paths that stay, by how many want that. */
  readonly #held = new Map<StorePath, number>()
  /** Paths that are being fetched: their sizes, and how many reservations have them. */
  readonly #promised = new Map<StorePath, { readonly size: number; readonly by: number }>()
  /** One at a time, so that no two count on the same room. */
  readonly #turn = pLimit(1)

  constructor(paths: StoredPaths, maxBytes: number) {
    this.#paths = paths
    this.#maxBytes = maxBytes
  }

  /** Opens a set of paths that stay, with all that they need. */
  hold(): HeldRoots {
    const own = new Set<StorePath>()
    let isOpen = true
    return {
      get isOpen() {
        return isOpen
      },
      add: async (path) => {
        if (!isOpen || own.has(path)) return
        own.add(path)
        this.#hold(path)
      },
      close: () => {
        isOpen = false
        for (const path of own) this.#letGo(path)
        own.clear()
      },
    }
  }

  /**
   * Makes room for paths that are to be fetched, and keeps what they need.
   * @returns a function that ends the reservation. It returns those of the paths that no other reservation has.
   * @throws RegistryError `no-space` when too much is held.
   */
  async reserve(offers: readonly Offer[], present: Iterable<StorePath>): Promise<() => readonly StorePath[]> {
    const kept = [...offers.map(({ narinfo }) => narinfo.storePath), ...present]
    for (const path of kept) this.#hold(path)
    try {
      await this.#turn(() => this.#makeRoom(offers))
    } catch (error) {
      for (const path of kept) this.#letGo(path)
      throw error
    }
    return () => {
      for (const path of kept) this.#letGo(path)
      return offers.flatMap(({ narinfo }) => (this.#break(narinfo.storePath) ? [narinfo.storePath] : []))
    }
  }

  async #makeRoom(offers: readonly Offer[]): Promise<void> {
    const isNew = ({ narinfo }: Offer) =>
      !this.#promised.has(narinfo.storePath) && !this.#paths.all.has(narinfo.storePath)
    const wanted = offers.filter(isNew)
    const bytes = wanted.reduce((total, { narinfo }) => total + narinfo.narSize, 0)
    const tooMuch = this.#paths.bytes + this.#promisedBytes() + bytes - this.#maxBytes
    const leaving = pathsToEvict(this.#paths.all, this.#held.keys(), tooMuch)
    const freed = leaving.reduce((total, { size }) => total + size, 0)
    if (freed < tooMuch) {
      throw new RegistryError(
        'no-space',
        `no room for ${megabytes(bytes)} MB: of the ${megabytes(this.#maxBytes)} MB that the store may have (--store-size), only ${megabytes(Math.max(0, bytes - tooMuch + freed))} MB are not in use`,
      )
    }
    for (const { narinfo } of offers) {
      const { storePath, narSize: size } = narinfo
      this.#promised.set(storePath, { size, by: (this.#promised.get(storePath)?.by ?? 0) + 1 })
    }
    await this.#paths.remove(
      leaving.map(({ path }) => path),
      'least recently used, and others need the room (--store-size)',
    )
  }

  /** Ends one reservation of a path. @returns whether it was the last. */
  #break(path: StorePath): boolean {
    const promised = this.#promised.get(path)
    if (promised === undefined) return false
    if (promised.by > 1) this.#promised.set(path, { ...promised, by: promised.by - 1 })
    else this.#promised.delete(path)
    return promised.by <= 1
  }

  /** Leaves out paths that are valid by now, which are counted with the store. */
  #promisedBytes(): number {
    let bytes = 0
    for (const [path, { size }] of this.#promised) if (!this.#paths.all.has(path)) bytes += size
    return bytes
  }

  #hold(path: StorePath): void {
    this.#held.set(path, (this.#held.get(path) ?? 0) + 1)
  }

  #letGo(path: StorePath): void {
    const holders = (this.#held.get(path) ?? 1) - 1
    if (holders === 0) this.#held.delete(path)
    else this.#held.set(path, holders)
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
