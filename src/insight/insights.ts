/**
 * Tells what is in an image. Everything is made when it is asked for, from the store alone, and kept in memory within a
 * bound.
 */
import { LRUCache } from 'lru-cache'
import { storeHashOf, storeNameOf } from '../core/nix/store-path.ts'
import type { Image } from '../registry/artifact/image.ts'
import type { Registry } from '../registry/registry.ts'
import type { Store } from '../store/store.ts'
import type { Inventory } from './inventory/component.ts'
import { inventoryOf, type InventoryDeps } from './inventory/inventory.ts'
import { LayerReader } from './inventory/layer-contents.ts'

/** Components that are kept in memory, of all inventories together. One is about 2 KB. */
const MAX_COMPONENTS = 10_000

export class Insights {
  readonly #deps: InventoryDeps
  readonly #registry: Registry
  readonly #inventories: LRUCache<string, Inventory>

  constructor(registry: Registry, store: Store) {
    this.#registry = registry
    const layers = new LayerReader(async function* (image, { digest }) {
      const { root } = image
      const blob = await registry.blob({ storeHash: storeHashOf(root), slug: storeNameOf(root) }, digest)
      yield* blob.read({ start: 0, end: blob.size })
    })
    this.#deps = { store, layers }
    this.#inventories = new LRUCache({
      maxSize: MAX_COMPONENTS,
      sizeCalculation: ({ components }) => components.length + 1,
    })
  }

  /**
   * Returns the components of an image.
   * @throws RegistryError `unavailable` when a path vanished, `unservable` for broken metadata, and those of reading
   * layers that were made elsewhere.
   */
  async inventory(image: Image): Promise<Inventory> {
    // Images of one digest may have other metadata.
    const key = `${image.root} ${image.manifest.digest}`
    const known = this.#inventories.get(key)
    if (known !== undefined) return known
    const release = this.#registry.pin(image)
    const found = await inventoryOf(this.#deps, image).finally(release)
    this.#inventories.set(key, found)
    return found
  }
}
