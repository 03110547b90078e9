/** A part of the corpus, so that the order of the planners is known after each change. The whole is in docs/layers.md. */
import t from 'tap'
import { BOUNDS, OURS, outcomeOf, PEERS } from '../../../bench/planner/compare.ts'
import { readCorpus, type CorpusStep } from '../../../bench/planner/corpus.ts'

const steps = readCorpus()
/** Months of both releases. */
const some: readonly CorpusStep[] = steps.filter((_, i) => i % 8 === 0)

const bytesOf = (planners: typeof PEERS, maxLayers: number) =>
  Object.entries(planners).map(([name, planner]) => ({
    name,
    bytes: outcomeOf(some, planner, { maxLayers, nodes: 1 }).bytes,
  }))

void t.test('the corpus is as large as the comparison needs', async (t) => {
  t.ok(steps.length >= 12, 'steps')
  for (const { at, images } of steps) t.ok(images.length >= 60, at)
  for (const { closure } of steps[0]?.images ?? []) {
    const paths = new Set(closure.map(({ path }) => path))
    t.equal(paths.size, closure.length, 'each path once')
    t.ok(
      closure.every(({ references }) => references.every((path) => paths.has(path))),
      'closed',
    )
  }
})

void t.test('planner 2 fetches fewer bytes than its peers, at each number of layers', async (t) => {
  const [least, most] = bytesOf(BOUNDS, 1)
  for (const maxLayers of [8, 30]) {
    const peers = bytesOf(PEERS, maxLayers)
    for (const own of bytesOf(OURS, maxLayers)) {
      for (const peer of peers) t.ok(own.bytes < 0.9 * peer.bytes, `${own.name}, ${peer.name}`, { own, peer })
      t.ok(own.bytes > (least?.bytes ?? 0) && own.bytes < (most?.bytes ?? 0), 'between the bounds')
    }
  }
})
