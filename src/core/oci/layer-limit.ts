/**
 * How many layers an image may have, one number for all kinds and for both uses of it: store paths are planned into no
 * more, also on top of a base, and what was made elsewhere with more is refused. It is what Docker takes (moby,
 * layer/layer_store.go, `maxLayerDepth`); Linux' overlay, and so containerd and podman, take more. The lowest is the
 * right one: a pull of more fails at its very end, on the node, with "max depth exceeded", which tells the
 * builder of the image nothing, and the same image must not run on one node and fail on the next.
 */
import { RegistryError } from '../errors/errors.ts'

export const MAX_IMAGE_LAYERS = 125

/** @param name whose layers they are. @throws RegistryError `unservable` for more than clients take. */
export function demandLayersFit(name: string, count: number): void {
  if (count <= MAX_IMAGE_LAYERS) return
  throw new RegistryError(
    'unservable',
    `${name}: ${count} layers, and clients take no more than ${MAX_IMAGE_LAYERS}: build it with fewer (maxLayers)`,
  )
}
