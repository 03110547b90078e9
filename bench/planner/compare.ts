/** Each planner with each number of layers, for the same nodes. */
import { EROFS_LAYER_PRICE, planByCost, TAR_LAYER_PRICE } from '../../src/core/nix/plan-by-cost.ts'
import { planLayers } from '../../src/core/nix/plan.ts'
import { seededRandom } from '../../test/seeded-random.ts'
import type { CorpusStep } from './corpus.ts'
import { pullsOf, remembering } from './node-pulls.ts'
import { nix2container } from './peers/nix2container.ts'
import { nixery } from './peers/nixery.ts'
import type { Planner } from './peers/planner.ts'
import { popularityContest } from './peers/popularity-contest.ts'
import { EROFS_COSTS, pullSeconds, TAR_COSTS } from './pull-time.ts'

const IMAGES_OF_A_NODE = 20
const SEED = 20_230_610

export const PEERS: { readonly [name: string]: Planner } = {
  'nixpkgs, popularity_contest': ({ closure }, maxLayers) => popularityContest(closure, maxLayers),
  nix2container: ({ closure }, maxLayers) => nix2container(closure, maxLayers),
  Nixery: ({ closure }, maxLayers) => nixery(closure, maxLayers),
  'nixpkgs, auto-layer (planner 1)': ({ closure }, maxLayers) => planLayers(closure, maxLayers),
}
export const OURS: { readonly [name: string]: Planner } = {
  'planner 2': ({ closure, modules }, maxLayers) =>
    planByCost(closure, modules, { maxLayers, layerPrice: TAR_LAYER_PRICE }),
  'planner 2, price of EROFS': ({ closure, modules }, maxLayers) =>
    planByCost(closure, modules, { maxLayers, layerPrice: EROFS_LAYER_PRICE }),
}
/** The least that can be: each path once. And the most. */
export const BOUNDS: { readonly [name: string]: Planner } = {
  'a layer for each path': ({ closure }) => closure.map(({ path }) => [path]),
  'one layer': ({ closure }) => [closure.map(({ path }) => path)],
}

export type Outcome = {
  /** Bytes that a node fetches from the first step to the last. */
  readonly bytes: number
  readonly unpackedBytes: number
  readonly layersOfAnImage: number
  /** Seconds of all pulls of a node. */
  readonly tarSeconds: number
  readonly erofsSeconds: number
}

/** @returns the mean of so many nodes, each with other images. */
export function outcomeOf(
  steps: readonly CorpusStep[],
  planner: Planner,
  { maxLayers, nodes }: { readonly maxLayers: number; readonly nodes: number },
): Outcome {
  const random = seededRandom(SEED)
  const names = steps[0]?.images.map(({ name }) => name) ?? []
  const plan = remembering(planner, maxLayers)
  const pulls = Array.from({ length: nodes }, () => {
    const images = new Set(random.shuffle(names).slice(0, IMAGES_OF_A_NODE))
    return pullsOf(steps, images, plan)
  }).flat()
  const layers = pulls.flat()
  const bytesOf = (some: typeof layers) => sum(some.map(({ bytes }) => bytes)) / nodes
  return {
    bytes: bytesOf(layers.filter(({ isFetched }) => isFetched)),
    unpackedBytes: bytesOf(layers.filter(({ isUnpacked }) => isUnpacked)),
    layersOfAnImage: layers.length / pulls.length,
    tarSeconds: sum(pulls.map((pull) => pullSeconds(pull, TAR_COSTS))) / nodes,
    erofsSeconds: sum(pulls.map((pull) => pullSeconds(pull, EROFS_COSTS))) / nodes,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
