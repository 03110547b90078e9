/**
 * The costly parts of an image's page: the sorted list and the two pictures. They follow from the inventory alone, so
 * they are made once for each and live as long as it. They take 50 ms for 600 components and 220 ms for 20 000 (measured),
 * in which the server answers nobody else.
 */
import { storeNameOf } from '../../../core/nix/store-path.ts'
import type { Inventory } from '../../../insight/inventory/component.ts'
import type { Markup } from '../markup.ts'
import { graphPicture } from './graph-picture.ts'
import { layerPicture } from './layer-picture.ts'
import { listComponents, type ListedComponent } from './listed-components.ts'

export type DrawnImage = {
  readonly listed: readonly ListedComponent[]
  readonly layers: Markup
  readonly graph: Markup
}

const drawn = new WeakMap<Inventory, DrawnImage>()

export function drawImage(inventory: Inventory): DrawnImage {
  const known = drawn.get(inventory)
  if (known !== undefined) return known
  const listed = listComponents(inventory)
  const made = {
    listed,
    layers: layerPicture(inventory.image.layers, listed),
    graph: graphPicture(storeNameOf(inventory.image.root), listed),
  }
  drawn.set(inventory, made)
  return made
}
