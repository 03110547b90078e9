/** `node bench/planner/main.ts`: prints the table of docs/layers.md. */
import { BOUNDS, OURS, outcomeOf, PEERS, type Outcome } from './compare.ts'
import { readCorpus } from './corpus.ts'
import { EROFS_COSTS, TAR_COSTS } from './pull-time.ts'

const NODES = 5
const LIMITS = [8, 16, 30, 60]

const steps = readCorpus()
const sizes = (steps[0]?.images ?? []).map(({ closure }) => closure.length).sort((a, b) => a - b)
console.log(
  `${sizes.length} images of ${sizes[0]} to ${sizes.at(-1)} paths (middle ${sizes[sizes.length >> 1]}), ` +
    `${steps.length} steps from ${steps[0]?.at} to ${steps.at(-1)?.at}, ${NODES} nodes with 20 images each`,
)
for (const [name, costs] of Object.entries({ tar: TAR_COSTS, EROFS: EROFS_COSTS }))
  console.log(
    `${name}: ${(costs.secondsPerLayer * 1e3).toFixed(1)} ms a layer, ${(costs.secondsPerMegabyte * 1e3).toFixed(1)} ms a megabyte`,
  )
console.log('\n| most layers | planner | layers | fetched, GB | unpacked, GB | tar, s | EROFS, s |')
console.log('|---|---|---|---|---|---|---|')
for (const [name, planner] of Object.entries(BOUNDS))
  tell('', name, outcomeOf(steps, planner, { maxLayers: 1, nodes: NODES }))
for (const maxLayers of LIMITS)
  for (const [name, planner] of [...Object.entries(PEERS), ...Object.entries(OURS)])
    tell(String(maxLayers), name, outcomeOf(steps, planner, { maxLayers, nodes: NODES }))

function tell(limit: string, name: string, outcome: Outcome): void {
  const cells = [
    outcome.layersOfAnImage.toFixed(0),
    (outcome.bytes / 1e9).toFixed(1),
    (outcome.unpackedBytes / 1e9).toFixed(1),
    outcome.tarSeconds.toFixed(0),
    outcome.erofsSeconds.toFixed(0),
  ]
  console.log(`| ${limit} | ${name} | ${cells.join(' | ')} |`)
}
