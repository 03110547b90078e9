/** `pushless sbom`: the software bill of materials of an image, made here and now, without a server. */
import type { Settings } from '../settings/settings.ts'
import type { Json } from '../core/json.ts'
import type { Inventory } from '../insight/inventory/component.ts'
import { cyclonedx } from '../insight/sbom/cyclonedx.ts'
import { spdx } from '../insight/sbom/spdx.ts'
import { openInventory } from './open-inventory.ts'
import type { SbomFormat } from './sbom-formats.ts'

const WRITE = { cyclonedx, spdx } as const satisfies Record<SbomFormat, (inventory: Inventory) => Json>

/** @throws RegistryError of any kind. */
export async function sbom(name: string, settings: Settings, format: SbomFormat): Promise<void> {
  const inventory = await openInventory(name, settings, {})
  process.stdout.write(`${JSON.stringify(WRITE[format](inventory), null, 2)}\n`)
}
