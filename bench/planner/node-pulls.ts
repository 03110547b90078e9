/**
 * A node that runs some of the images and follows all their updates. A layer that it has isn't fetched again, whichever
 * image brought it. It is unpacked again above a layer that is new: a snapshot is known by all layers up to it.
 */
import type { CorpusImage, CorpusStep } from './corpus.ts'
import type { Layers, Planner } from './peers/planner.ts'

type PulledLayer = {
  readonly bytes: number
  readonly isFetched: boolean
  readonly isUnpacked: boolean
}
/** Layers in the order of the manifest. */
export type Pull = readonly PulledLayer[]

/** @param names of the images that the node runs. */
export function pullsOf(
  steps: readonly CorpusStep[],
  names: ReadonlySet<string>,
  plan: (image: CorpusImage) => Layers,
): readonly Pull[] {
  const fetched = new Set<string>()
  const unpacked = new Set<string>()
  return steps.flatMap(({ images }) =>
    images
      .filter(({ name }) => names.has(name))
      .map((image) => {
        const sizeOf = new Map(image.closure.map(({ path, narSize }) => [path, narSize]))
        let chain = ''
        return plan(image).map((layer): PulledLayer => {
          const key = layer.join()
          chain = `${chain}\n${key}`
          const found = {
            bytes: layer.reduce((sum, path) => sum + (sizeOf.get(path) ?? 0), 0),
            isFetched: !fetched.has(key),
            isUnpacked: !unpacked.has(chain),
          }
          fetched.add(key)
          unpacked.add(chain)
          return found
        })
      }),
  )
}

/** Remembers plans, since nodes run some of the same images, and not every image changes at every step. */
export function remembering(planner: Planner, maxLayers: number): (image: CorpusImage) => Layers {
  const known = new Map<string, Layers>()
  return (image) => {
    const key = keyOf(image)
    const layers = known.get(key) ?? planner(image, maxLayers)
    known.set(key, layers)
    return layers
  }
}

const keyOf = ({ name, closure }: CorpusImage) => `${name} ${closure.map(({ path }) => path).join()}`
