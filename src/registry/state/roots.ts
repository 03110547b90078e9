/**
 * Keeps paths from Nix's garbage collector, from before the work on them begins. A temporary root comes at once and
 * lasts while a path is worked on or read. A durable one lasts for the days after a pull.
 */
import type { DeletionListener } from '../../core/deletion.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { Store } from '../../store/store.ts'
import { DurableRoots, type KeptPath } from './durable-roots.ts'
import { TempRoots } from './temp-roots.ts'

export type RootsOptions = {
  /** The directory of durable roots. */
  readonly directory: string
  readonly keepDays: number
  /** Told of roots that could not be made: a pull doesn't fail for that. */
  readonly onTrouble?: (error: unknown) => void
  /** Hears of durable roots that go. */
  readonly onDeletion?: DeletionListener
}

export class Roots {
  readonly #temporary: TempRoots
  readonly #durable: DurableRoots
  readonly #onTrouble: (error: unknown) => void

  constructor(store: Store, { directory, keepDays, onTrouble, onDeletion }: RootsOptions) {
    this.#temporary = new TempRoots(store)
    this.#durable = new DurableRoots(store, directory, keepDays, onDeletion)
    this.#onTrouble = onTrouble ?? (() => undefined)
  }

  /** Keeps a path, valid or not yet, for a while. @throws RegistryError `unavailable`. */
  async hold(path: StorePath): Promise<void> {
    await this.#temporary.add(path)
  }

  /** Keeps a valid path, which somebody wants now, for a while and for days. Nobody waits for it. */
  keep(path: StorePath): void {
    if (!this.#temporary.has(path)) this.#temporary.add(path).catch(this.#onTrouble)
    const now = Date.now()
    if (!this.#durable.isKept(path, now)) this.#durable.keep(path, now).catch(this.#onTrouble)
  }

  /** Keeps a path for as long as it is read. @returns what ends that. */
  pin(path: StorePath): () => void {
    return this.#temporary.pin(path)
  }

  /** Returns the paths that are kept since they were pulled. */
  async kept(): Promise<readonly KeptPath[]> {
    return this.#durable.list()
  }

  /** How many paths are kept. */
  count(): { readonly temporary: number; readonly durable: number } {
    return { temporary: this.#temporary.size, durable: this.#durable.size }
  }

  /**
   * Makes ready, so that the first pull needn't wait, and removes what is too old.
   * @throws RegistryError `unavailable`.
   */
  async open(): Promise<void> {
    await Promise.all([this.#temporary.connect(), this.#durable.open()])
  }

  close(): void {
    this.#temporary.close()
    this.#durable.close()
  }
}
