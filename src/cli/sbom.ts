/** `pushless sbom`: the software bill of materials of an image, made here and now, without a server. */
import type { Settings } from '../settings/settings.ts'
import type { Json } from '../core/json.ts'
import type { Inventory } from '../insight/inventory/component.ts'
import { Insights } from '../insight/insights.ts'
import { cyclonedx } from '../insight/sbom/cyclonedx.ts'
import { spdx } from '../insight/sbom/spdx.ts'
import { machinePlatform } from '../archive/platform.ts'
import { imageFor } from '../registry/artifact/image-index.ts'
import { openRegistry } from '../open-registry.ts'
import { parseImageArgument } from './image-argument.ts'
import { NO_HOLD_MS } from './no-hold.ts'
import type { SbomFormat } from './sbom-formats.ts'

const WRITE = { cyclonedx, spdx } as const satisfies Record<SbomFormat, (inventory: Inventory) => Json>

/** @throws RegistryError of any kind. */
export async function sbom(name: string, settings: Settings, format: SbomFormat): Promise<void> {
  const { reference, tag } = await parseImageArgument(name)
  const { registry, store, close } = openRegistry(
    { ...settings, keepDays: 0 },
    { holdMs: NO_HOLD_MS, onRootTrouble: () => undefined },
  )
  try {
    const artifact = await registry.artifact(reference, tag)
    const image =
      artifact.kind === 'index' ? await imageFor(artifact, machinePlatform(process.arch)) : artifact
    const inventory = await new Insights(registry, store).inventory(image)
    process.stdout.write(`${JSON.stringify(WRITE[format](inventory), null, 2)}\n`)
  } finally {
    await close()
  }
}
