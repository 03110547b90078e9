/** Puts the mounting of store paths together, and registers it with the runtime of this node. */
import { RegistryError } from '../core/errors/errors.ts'
import { systemReason } from '../core/errors/system-error.ts'
import { DEFAULT_TAG } from '../core/oci/image-name.ts'
import { storeHashOf, storeNameOf, type StorePath } from '../core/nix/store-path.ts'
import { ZERO_COPY_FORMS, isZeroCopy } from '../registry/artifact/image-form.ts'
import { runPlugin, type PluginListeners } from '../nri/run-plugin.ts'
import type { Registry } from '../registry/registry.ts'
import type { ZeroCopyImages } from '../registry/state/zero-copy-images.ts'
import { lockNode } from './node-lock.ts'
import { ZeroCopyPlugin, type ZeroCopyFigures, type ZeroCopyOptions } from './zero-copy-plugin.ts'

/** How often images are looked through for those that nobody used for long. */
const FORGET_MS = 24 * 3_600_000

export type OpenZeroCopyOptions = Pick<ZeroCopyOptions, 'store' | 'stateDirectory'> & {
  readonly images: ZeroCopyOptions['images'] & Pick<ZeroCopyImages, 'put'>
  /** The socket of NRI. */
  readonly socket: string
  readonly registry: Pick<Registry, 'artifact' | 'roots'>
  readonly listeners: PluginListeners & Pick<ZeroCopyOptions, 'onTrouble'>
}

export type ZeroCopy = {
  readonly figures: () => ZeroCopyFigures
  readonly close: () => Promise<void>
}

/** @throws RegistryError `unavailable` where the runtime has no NRI, or another registry of the node is there. */
export async function openZeroCopy({
  socket,
  registry,
  listeners,
  ...options
}: OpenZeroCopyOptions): Promise<ZeroCopy> {
  const { onTrouble } = listeners
  const plugin = new ZeroCopyPlugin({
    ...options,
    onTrouble,
    hold: (path) => registry.roots.hold(path),
    restore: (path) => void restore(path).catch(onTrouble),
  })
  const restore = async (path: StorePath) => {
    const reference = { storeHash: storeHashOf(path), slug: storeNameOf(path) }
    // A label doesn't say which of them the container has.
    for (const form of ZERO_COPY_FORMS) {
      const artifact = await registry.artifact(reference, DEFAULT_TAG, form)
      // An image that the registry remembers isn't made anew, and its row may be lost.
      if (artifact.kind === 'image' && isZeroCopy(artifact.form)) options.images.put(artifact)
    }
  }
  const unlock = lockNode(socket)
  try {
    const running = await runPlugin(socket, plugin, listeners)
    const forget = () => void plugin.forgetUnused().catch(onTrouble)
    const timer = setInterval(forget, FORGET_MS)
    timer.unref()
    forget()
    return {
      figures: () => plugin.figures(),
      close: async () => {
        clearInterval(timer)
        await running.close()
        unlock()
      },
    }
  } catch (cause) {
    unlock()
    const reason = systemReason(cause) ?? (cause instanceof Error ? cause.message : String(cause))
    throw new RegistryError(
      'unavailable',
      `--zero-copy needs NRI, which containerd 2 and CRI-O have on: nothing answers at ${socket} (${reason})`,
      { cause },
    )
  }
}
