/** Opens an image for a command that tells something of it, without a server. */
import type { Settings } from '../../settings/settings.ts'
import { Insights } from '../../insight/insights.ts'
import type { SecretKey } from '../../insight/signing/signing-key.ts'
import type { Store } from '../../store/store.ts'
import { machinePlatform } from '../../archive/platform.ts'
import { imageFor, type Artifact } from '../../registry/artifact/image-index.ts'
import type { Image } from '../../registry/artifact/image.ts'
import { openRegistry } from '../../open-registry.ts'
import { parseImageArgument } from '../image-argument.ts'
import { NO_HOLD_MS } from '../no-hold.ts'

export type OpenedImage = {
  readonly insights: Insights
  readonly store: Store
  /** The image or index that the name means. */
  readonly artifact: Artifact
  /** Returns the image, of an index the one for this machine. @throws RegistryError of any kind. */
  readonly image: () => Promise<Image>
}

/** @param name as for `inspect`. @throws RegistryError of any kind. */
export async function withInsights<T>(
  name: string,
  settings: Settings,
  use: (opened: OpenedImage) => Promise<T>,
  key?: SecretKey,
): Promise<T> {
  const { reference, tag } = await parseImageArgument(name)
  const { registry, store, journal, close } = openRegistry(
    { ...settings, keepDays: 0 },
    { holdMs: NO_HOLD_MS, onRootTrouble: () => undefined },
  )
  try {
    const artifact = await registry.artifact(reference, tag)
    return await use({
      insights: new Insights({ registry, store, journal, key, supplier: settings.supplier }),
      store,
      artifact,
      image: async () =>
        artifact.kind === 'index' ? imageFor(artifact, machinePlatform(process.arch)) : artifact,
    })
  } finally {
    await close()
  }
}
