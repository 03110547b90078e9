/**
 * A node that runs some of the images and follows all their updates. A layer that it has isn't fetched again, whichever
 * image brought it.
 */
import type { CorpusImage, CorpusNode, CorpusStep } from './corpus.ts'
import type { Layers, Planner } from './peers/planner.ts'

export type Pull = {
  /** Bytes of each layer that is fetched, in the order of the manifest. */
  readonly fetched: readonly number[]
  /** Layers of the image. */
  readonly layers: number
  readonly isFirst: boolean
}

/** @param names of the images that the node runs. */
export function pullsOf(
  steps: readonly CorpusStep[],
  names: ReadonlySet<string>,
  plan: (image: CorpusImage) => Layers,
): readonly Pull[] {
  const present = new Set<string>()
  return steps.flatMap(({ images }, step) =>
    images
      .filter(({ name }) => names.has(name))
      .map((image) => {
        const sizeOf = new Map(image.closure.map(({ path, narSize }) => [path, narSize]))
        const layers = plan(image)
        const missing = layers.filter((layer) => !present.has(layer.join()))
        for (const layer of missing) present.add(layer.join())
        return {
          fetched: missing.map((layer) => layer.reduce((sum, path) => sum + (sizeOf.get(path) ?? 0), 0)),
          layers: layers.length,
          isFirst: step === 0,
        }
      }),
  )
}

/** Remembers plans, since most nodes run some of the same images, and not every image changes at every step. */
export function remembering(planner: Planner, maxLayers: number): (image: CorpusImage) => Layers {
  const known = new Map<string, Layers>()
  return ({ closure }) => {
    const key = keyOf(closure)
    const layers = known.get(key) ?? planner(closure, maxLayers)
    known.set(key, layers)
    return layers
  }
}

const keyOf = (closure: readonly CorpusNode[]) => closure.map(({ path }) => path).join()
