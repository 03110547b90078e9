/** Opens images for commands that tell something of them, without a server. */
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

type OpenedRegistry = Pick<Awaited<ReturnType<typeof openRegistry>>, 'registry' | 'store' | 'close'> & {
  readonly insights: Insights
}

/** Opens an image. @param name as for `inspect`. @throws RegistryError of any kind. */
type OpenImage = (name: string) => Promise<OpenedImage>

/** As `withImages`, with one image. @param name as for `inspect`. @throws RegistryError of any kind. */
export async function withInsights<T>(
  name: string,
  settings: Settings,
  use: (opened: OpenedImage) => Promise<T>,
  key?: SecretKey,
): Promise<T> {
  return withImages(settings, async (open) => use(await open(name)), key)
}

/** Does something with images. The registry is opened with the first of them, and closed at the end. */
export async function withImages<T>(
  settings: Settings,
  use: (open: OpenImage) => Promise<T>,
  key?: SecretKey,
): Promise<T> {
  let opened: Promise<OpenedRegistry> | undefined
  const open = async (): Promise<OpenedRegistry> => {
    const { registry, store, journal, close } = await openRegistry(
      { ...settings, keepDays: 0 },
      { holdMs: NO_HOLD_MS, onRootTrouble: () => undefined },
    )
    return {
      registry,
      store,
      insights: new Insights({ registry, store, journal, key, supplier: settings.supplier }),
      close,
    }
  }
  try {
    return await use(async (name) => {
      const { reference, tag } = await parseImageArgument(name)
      opened ??= open()
      const { registry, store, insights } = await opened
      const artifact = await registry.artifact(reference, tag)
      return {
        insights,
        store,
        artifact,
        image: async () =>
          artifact.kind === 'index' ? imageFor(artifact, machinePlatform(process.arch)) : artifact,
      }
    })
  } finally {
    // A registry that couldn't be opened has no end, and `use` throws the reason.
    const { close } = (await opened?.catch(() => undefined)) ?? {}
    await close?.()
  }
}
