/** `pushless sbom`: the software bill of materials of an image. */
import type { Settings } from '../../settings/settings.ts'
import type { Json } from '../../core/json.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import { cyclonedx } from '../../insight/sbom/cyclonedx.ts'
import { spdx } from '../../insight/sbom/spdx.ts'
import { openInventory } from './open-inventory.ts'
import type { SbomFormat } from './sbom-formats.ts'
import { writeDocument } from './write-document.ts'

const WRITE = { cyclonedx, spdx } as const satisfies Record<SbomFormat, (inventory: Inventory) => Json>

/** Prints the bytes that the registry serves. @throws RegistryError of any kind. */
export async function sbom(
  name: string,
  settings: Settings,
  { format, ...from }: { readonly format: SbomFormat; readonly registry?: string },
): Promise<void> {
  const inventory = await openInventory(name, settings, from)
  writeDocument(Buffer.from(`${JSON.stringify(WRITE[format](inventory))}\n`))
}
