/** What fleets need, by the model: replicas, network, and what reaches the bucket. */
import { LAYERS_AT_ONCE, simulate, type Costs, type Fleet, type Outcome } from './model.ts'

export type Need = Outcome & {
  readonly nodes: number
  readonly mirrorCopies: number | undefined
  readonly replicas: number
  /** Gigabits a second that a replica sends, on average. */
  readonly gigabits: number
  /** Connections of a replica, where each node has three layers under way. */
  readonly connections: number
  readonly processorSeconds: number
  readonly bucketRequests: number
  readonly bucketBytes: number
}

export type Curve = { readonly nodes: number; readonly seconds: readonly number[] }

/** A roll-out of an image of which nodes lack half a gigabyte, in layers as planners make them. */
const LAYERS = [200, 120, 80, 60, 40].map((megabytes) => megabytes * 1e6)
const IMAGE_BYTES = LAYERS.reduce((sum, size) => sum + size, 0)
/** Store paths of half a gigabyte, with those of the measured image being average. */
const PATHS = 200
const TEN_GIGABITS = 1.25e9
const ONE_GIGABIT = 1.25e8
export const CORES = 2
export const WITHIN_SECONDS = 120
export const FLEETS = [100, 1_000, 10_000] as const
/** Numbers of replicas of the chart. */
export const REPLICA_COUNTS = [1, 2, 4, 8, 16, 32, 64] as const
const FEWEST_REPLICAS = 2
const MOST_REPLICAS = 200
const COPIES = 5
const BITS = 8

function fleetOf(nodes: number, replicas: number, mirrorCopies: number | undefined): Fleet {
  return {
    nodes,
    replicas,
    coresOfReplica: CORES,
    linkOfReplica: TEN_GIGABITS,
    linkOfNode: ONE_GIGABIT,
    layers: LAYERS,
    isWarm: false,
    mirrorCopies,
  }
}

/** @param packed bytes of archives for a byte of layers. */
export function needsOf(costs: Costs, packed: number): readonly Need[] {
  return FLEETS.flatMap((nodes) =>
    [undefined, COPIES].map((mirrorCopies): Need => {
      const outcomeOf = (count: number) => simulate(costs, fleetOf(nodes, count, mirrorCopies))
      const replicas = fewestReplicas((count) => outcomeOf(count).all <= WITHIN_SECONDS)
      const outcome = outcomeOf(replicas)
      return {
        ...outcome,
        nodes,
        mirrorCopies,
        replicas,
        gigabits: (outcome.bytesSent * BITS) / 1e9 / outcome.all / replicas,
        connections: Math.ceil((Math.min(nodes, mirrorCopies ?? nodes) * LAYERS_AT_ONCE) / replicas),
        processorSeconds: outcome.coreUse * outcome.all * replicas * CORES,
        bucketRequests: bucketRequests(replicas, PATHS),
        bucketBytes: replicas * IMAGE_BYTES * packed,
      }
    }),
  )
}

/** Returns how long all nodes take with so many replicas, without a mirror. */
export function curvesOf(costs: Costs): readonly Curve[] {
  return FLEETS.map((nodes) => ({
    nodes,
    seconds: REPLICA_COUNTS.map((replicas) => simulate(costs, fleetOf(nodes, replicas, undefined)).all),
  }))
}

/** A replica asks for the description of the cache, and for the narinfo and the archive of each path. */
export function bucketRequests(replicas: number, paths: number): number {
  return replicas * (1 + 2 * paths)
}

/** More replicas are never slower, so half of the range is left at each step. */
function fewestReplicas(areEnough: (count: number) => boolean): number {
  let [low, high] = [FEWEST_REPLICAS, MOST_REPLICAS]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (areEnough(middle)) high = middle
    else low = middle + 1
  }
  return low
}
