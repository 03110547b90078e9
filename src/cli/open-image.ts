/** Opens an image here and now, without a server, for the commands that read facts about it. */
import { machinePlatform } from '../archive/platform.ts'
import { openRegistry } from '../open-registry.ts'
import type { Image } from '../registry/artifact/image.ts'
import { imageFor } from '../registry/artifact/image-index.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import { parseImageArgument } from './image-argument.ts'
import { NO_HOLD_MS } from './no-hold.ts'

/**
 * Of an index, the image for this machine. It is kept in the store until `use` has ended.
 * @throws RegistryError of any kind.
 */
export async function withImage<T>(
  name: string,
  settings: Settings,
  use: (image: Image, store: Store) => Promise<T>,
): Promise<T> {
  const { reference, tag } = await parseImageArgument(name)
  const { registry, store, close } = openRegistry(
    { ...settings, keepDays: 0 },
    { holdMs: NO_HOLD_MS, onRootTrouble: () => undefined },
  )
  try {
    const artifact = await registry.artifact(reference, tag)
    const image =
      artifact.kind === 'index' ? await imageFor(artifact, machinePlatform(process.arch)) : artifact
    const release = registry.pin(image)
    return await use(image, store).finally(release)
  } finally {
    await close()
  }
}
