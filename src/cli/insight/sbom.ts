/** `pushless sbom`: the software bill of materials of an image. */
import type { Settings } from '../../settings/settings.ts'
import type { Json } from '../../core/json.ts'
import { documentBytes } from '../../insight/document-bytes.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import { cyclonedx } from '../../insight/sbom/cyclonedx.ts'
import { spdx } from '../../insight/sbom/spdx.ts'
import { deepInventory } from '../../insight/inventory/inventory.ts'
import { UsageError } from '../usage-error.ts'
import { isDocument, openInventory } from './open-inventory.ts'
import type { SbomFormat } from './sbom-formats.ts'
import { withInsights } from './with-insights.ts'
import { writeDocument } from './write-document.ts'

const WRITE = { cyclonedx, spdx } as const satisfies Record<SbomFormat, (inventory: Inventory) => Json>

/** Prints the bytes that the registry serves. @throws RegistryError of any kind. */
export async function sbom(
  name: string,
  settings: Settings,
  {
    format,
    deep,
    ...from
  }: { readonly format: SbomFormat; readonly deep: boolean; readonly registry?: string },
): Promise<void> {
  const inventory = deep ? await openDeep(name, settings, from) : await openInventory(name, settings, from)
  writeDocument(documentBytes(WRITE[format](inventory)))
}

async function openDeep(
  name: string,
  settings: Settings,
  { registry }: { readonly registry?: string },
): Promise<Inventory> {
  if (registry !== undefined || (await isDocument(name)))
    throw new UsageError('--deep reads files, which only a store has; leave out --registry and documents')
  return withInsights(name, settings, async ({ insights, image, store }) =>
    deepInventory(await insights.inventory(await image()), store),
  )
}
