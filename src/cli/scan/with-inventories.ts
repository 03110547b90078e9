/** Opens the inventories of many images, with one registry for those of the store. */
import type { Inventory } from '../../insight/inventory/component.ts'
import type { Settings } from '../../settings/settings.ts'
import { isDocument, openInventory } from '../insight/open-inventory.ts'
import { withImages } from '../insight/with-insights.ts'

/** @throws RegistryError of any kind. */
export type OpenInventory = (name: string) => Promise<Inventory>

/** Does something with inventories: of the store, of documents, or of the registry that is asked instead. */
export async function withInventories<T>(
  settings: Settings,
  from: { readonly registry?: string },
  use: (open: OpenInventory) => Promise<T>,
): Promise<T> {
  return withImages(settings, (openImage) =>
    use(async (name) => {
      if (from.registry !== undefined || (await isDocument(name))) return openInventory(name, settings, from)
      const { insights, image } = await openImage(name)
      return insights.inventory(await image())
    }),
  )
}
