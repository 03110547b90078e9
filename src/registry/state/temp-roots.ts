/**
 * Keeps what is being worked on or was pulled a short while ago from Nix's garbage collector. Temporary roots end with
 * their connection and not before, so they live in two generations: paths in use move to the young one, and the old
 * one is dropped whole.
 */
import type { StorePath } from '../../core/nix/store-path.ts'
import type { HeldRoots, Store } from '../../store/store.ts'

/** A path is kept for at least this long after its last pull: longer than any client waits between its requests. */
const GENERATION_MS = 15 * 60_000

type Generation = { readonly roots: HeldRoots; readonly paths: Set<StorePath> }

export class TempRoots {
  readonly #store: Store
  #young: Generation | undefined
  #old: Generation | undefined
  /** Paths that are read now, and by how many. */
  readonly #pinned = new Map<StorePath, number>()
  #queue: Promise<unknown> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  constructor(store: Store) {
    this.#store = store
    this.#timer = setInterval(() => this.#age(), GENERATION_MS)
    this.#timer.unref()
  }

  /** Whether the path is kept already, for another generation at least. */
  has(path: StorePath): boolean {
    return this.#young !== undefined && this.#young.roots.isOpen && this.#young.paths.has(path)
  }

  /** Keeps a path, valid or not yet. @throws RegistryError `unavailable`. */
  async add(path: StorePath): Promise<void> {
    if (this.has(path)) return
    await this.#inTurn(() => this.#add(path))
  }

  /** Keeps a path that is kept already for as long as it is read, be it hours. @returns what ends that. */
  pin(path: StorePath): () => void {
    this.#pinned.set(path, (this.#pinned.get(path) ?? 0) + 1)
    return () => {
      const readers = (this.#pinned.get(path) ?? 1) - 1
      if (readers === 0) this.#pinned.delete(path)
      else this.#pinned.set(path, readers)
    }
  }

  /** How many paths are kept. */
  get size(): number {
    return new Set([...(this.#young?.paths ?? []), ...(this.#old?.paths ?? [])]).size
  }

  /** @throws RegistryError `unavailable`. */
  async connect(): Promise<void> {
    await this.#inTurn(() => this.#current())
  }

  close(): void {
    clearInterval(this.#timer)
    this.#young?.roots.close()
    this.#old?.roots.close()
  }

  /** A connection takes one request at a time. */
  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    await done
  }

  async #add(path: StorePath): Promise<void> {
    const { roots, paths } = await this.#current()
    await roots.add(path)
    paths.add(path)
  }

  async #current(): Promise<Generation> {
    if (this.#young?.roots.isOpen !== true) {
      this.#young = { roots: await this.#store.openRoots(), paths: new Set() }
    }
    return this.#young
  }

  #age(): void {
    this.#old?.roots.close()
    this.#old = this.#young
    this.#young = undefined
    // In time: the old generation has them for another age.
    for (const path of this.#pinned.keys()) this.add(path).catch(() => undefined)
  }
}
