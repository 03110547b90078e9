/**
 * How many layers an image may have. Docker's storage stops at 125 (moby, `maxLayerDepth`), what it inherited from
 * aufs is 127, and containerd and podman take those too; beyond it a pull fails at its very end, on the node, with
 * "max depth exceeded" or "invalid argument", which says nothing to whoever built the image.
 */
import { RegistryError } from './errors.ts'

const MAX_IMAGE_LAYERS = 127

/** @param name whose layers they are. @throws RegistryError `unservable` for more than clients take. */
export function demandLayersFit(name: string, count: number): void {
  if (count <= MAX_IMAGE_LAYERS) return
  throw new RegistryError(
    'unservable',
    `${name}: ${count} layers, and clients take no more than ${MAX_IMAGE_LAYERS}: build it with fewer (maxLayers)`,
  )
}
