/**
 * Keeps what is being worked on or was pulled a short while ago from Nix's garbage collector. Temporary roots end with
 * their connection and not before, so they live in two generations: paths in use move to the young one, and the old
 * one is dropped whole.
 */
import type { StorePath } from '../core/store-path.ts'
import type { NixStore, TemporaryRoots } from '../nix/nix-store.ts'

/** A path is kept for at least this long after its last pull: longer than any client waits between its requests. */
const GENERATION_MS = 15 * 60_000

type Generation = { readonly roots: TemporaryRoots; readonly paths: Set<StorePath> }

export class TempRoots {
  readonly #nix: NixStore
  #young: Generation | undefined
  #old: Generation | undefined
  #queue: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  constructor(nix: NixStore) {
    this.#nix = nix
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
    const added = this.#queue.then(() => this.#add(path))
    this.#queue = added.catch(() => undefined)
    return added
  }

  close(): void {
    clearInterval(this.#timer)
    this.#young?.roots.close()
    this.#old?.roots.close()
  }

  async #add(path: StorePath): Promise<void> {
    if (this.#young?.roots.isOpen !== true) {
      this.#young = { roots: await this.#nix.openRoots(), paths: new Set() }
    }
    await this.#young.roots.add(path)
    this.#young.paths.add(path)
  }

  #age(): void {
    this.#old?.roots.close()
    this.#old = this.#young
    this.#young = undefined
  }
}
