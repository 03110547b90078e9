/** The figures of the planner for `npm run bench`: planner 2 beside the best of its peers, for the same nodes. */
import type { Figure } from '../figure.ts'
import { OURS, outcomeOf, PEERS, type Outcome } from './compare.ts'
import { readCorpus } from './corpus.ts'

const NODES = 5
const LIMITS = [8, 16, 30, 60]
/** A quarter fewer bytes, or the same with half of the layers. */
const BYTES_TARGET = 0.75

export async function measurePlanners(): Promise<readonly Figure[]> {
  const steps = readCorpus()
  const ours = OURS['planner 2']
  if (ours === undefined) return []
  const figures: Figure[] = []
  let ofHalf: Outcome | undefined
  for (const maxLayers of LIMITS) {
    const found = Object.values(PEERS).map((peer) => outcomeOf(steps, peer, { maxLayers, nodes: NODES }))
    const best = found.toSorted((a, b) => a.bytes - b.bytes)[0]
    const own = outcomeOf(steps, ours, { maxLayers, nodes: NODES })
    if (best === undefined) continue
    figures.push(
      ratio(`bytes of updates at ${maxLayers} layers, planner 2 to best peer`, own.bytes, best.bytes, {
        target: BYTES_TARGET,
        unit: (bytes) => `${(bytes / 1e9).toFixed(1)} GB`,
      }),
      ratio(`modelled time of these pulls`, own.tarSeconds, Math.min(...found.map((one) => one.tarSeconds)), {
        target: 1,
        unit: (seconds) => `${seconds.toFixed(0)} s`,
      }),
    )
    if (ofHalf !== undefined)
      figures.push(
        ratio(`bytes with half of the ${maxLayers} layers of the best peer`, ofHalf.bytes, best.bytes, {
          target: 1,
          unit: (bytes) => `${(bytes / 1e9).toFixed(1)} GB`,
        }),
      )
    ofHalf = own
  }
  return figures
}

function ratio(
  name: string,
  own: number,
  best: number,
  { target, unit }: { readonly target: number; readonly unit: (value: number) => string },
): Figure {
  const number = own / best
  return {
    name,
    value: number.toFixed(2),
    number,
    target: `at most ${target}`,
    isMet: number <= target,
    note: `${unit(own)} against ${unit(best)}`,
  }
}
