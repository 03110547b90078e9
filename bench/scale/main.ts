/**
 * `node bench/scale/main.ts`: measures what a replica costs, compares the model with three real replicas and 200 nodes
 * that pull from them, and says what fleets need. Prints tables in Markdown, as docs/scale.md has them.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { debianClosure } from '../../test/fixtures/debian-closure.ts'
import { pullManifest } from '../../test/e2e/client.ts'
import { scoped } from '../../test/support/scope.ts'
import { cpuMs } from '../cpu-time.ts'
import { measureCosts, type Measured } from './costs.ts'
import { simulate, type Costs, type Fleet } from './model.ts'

const CLIENTS = fileURLToPath(new URL('clients.ts', import.meta.url))
const NODES = 200
const REPLICAS = 3
const ROUNDS = 3
/** A roll-out of an image of which nodes lack half a gigabyte, in layers as planners make them. */
const LAYERS = [200, 120, 80, 60, 40].map((megabytes) => megabytes * 1e6)
const TEN_GIGABITS = 1.25e9
const ONE_GIGABIT = 1.25e8
const WITHIN_SECONDS = 120
const MOST_REPLICAS = 200

await scoped(async (scope) => {
  const { root } = await debianClosure()
  const measured = await measureCosts(scope, root)
  const { manifestSeconds, sendSecondsPerGigabyte, fetchSecondsPerGigabyte } = measured.costs
  console.log('| processor seconds of one core | |\n| --- | --- |')
  console.log(`| a warm manifest | ${(manifestSeconds * 1000).toFixed(2)} ms |`)
  console.log(`| a gigabyte sent | ${sendSecondsPerGigabyte.toFixed(2)} s |`)
  console.log(
    `| a gigabyte fetched, unpacked and hashed, once for each replica | ${fetchSecondsPerGigabyte.toFixed(1)} s |\n`,
  )
  await compare(measured, root)
  tellFleets(measured.costs)
})

/** Everything shares this machine's cores, the clients too: their time is part of what a gigabyte costs here. */
async function compare({ start, layers }: Measured, root: string): Promise<void> {
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, start))
  for (const { url } of replicas) await pullManifest(url, root)
  const bytes = NODES * layers.reduce((sum, size) => sum + size, 0)
  console.log(
    `| ${NODES} nodes, ${REPLICAS} replicas on ${availableParallelism()} cores | measured | model | |\n| --- | --- | --- | --- |`,
  )
  for (let round = 0; round < ROUNDS; round++) {
    const before = await Promise.all(replicas.map(async ({ pid }) => cpuMs(pid)))
    const { stdout } = await execa(process.execPath, [
      CLIENTS,
      String(NODES),
      root,
      ...replicas.map(({ url }) => url),
    ])
    const after = await Promise.all(replicas.map(async ({ pid }) => cpuMs(pid)))
    const { seconds, cpuSeconds } = JSON.parse(stdout) as {
      readonly seconds: readonly number[]
      readonly cpuSeconds: number
    }
    const served = after.reduce((sum, ms, i) => sum + ms - (before[i] ?? 0), 0) / 1000
    const model = simulate(
      {
        manifestSeconds: 0,
        sendSecondsPerGigabyte: (served + cpuSeconds) / (bytes / 1e9),
        fetchSecondsPerGigabyte: 0,
      },
      {
        nodes: NODES,
        replicas: 1,
        coresOfReplica: availableParallelism(),
        linkOfReplica: Infinity,
        linkOfNode: Infinity,
        layers,
        isWarm: true,
        mirrorCopies: undefined,
      },
    )
    const sorted = seconds.toSorted((a, b) => a - b)
    for (const [name, real, predicted] of [
      ['half of the nodes', sorted[Math.floor(NODES / 2)] ?? 0, model.p50],
      ['all nodes', sorted.at(-1) ?? 0, model.all],
    ] as const)
      console.log(
        `| ${name} | ${real.toFixed(1)} s | ${predicted.toFixed(1)} s | ${(predicted / real).toFixed(2)} x |`,
      )
  }
  console.log('')
}

function tellFleets(costs: Costs): void {
  console.log(
    `| nodes | mirror | replicas for ${WITHIN_SECONDS} s | all nodes | processor time | bytes sent | first limit |`,
  )
  console.log('| --- | --- | --- | --- | --- | --- | --- |')
  for (const nodes of [100, 1_000, 10_000])
    for (const mirrorCopies of [undefined, 5]) {
      const fleetOf = (replicas: number): Fleet => ({
        nodes,
        replicas,
        coresOfReplica: 2,
        linkOfReplica: TEN_GIGABITS,
        linkOfNode: ONE_GIGABIT,
        layers: LAYERS,
        isWarm: false,
        mirrorCopies,
      })
      const replicas = fewestReplicas((count) => simulate(costs, fleetOf(count)).all <= WITHIN_SECONDS)
      const outcome = simulate(costs, fleetOf(replicas))
      const cores = outcome.coreUse * outcome.all * replicas * fleetOf(replicas).coresOfReplica
      console.log(
        `| ${nodes} | ${mirrorCopies === undefined ? 'none' : `${mirrorCopies} copies`} | ${replicas} | ${outcome.all.toFixed(0)} s | ${cores.toFixed(0)} s | ${(outcome.bytesSent / 1e9).toFixed(0)} GB | ${outcome.firstLimit} |`,
      )
    }
}

/** More replicas are never slower, so half of the range is left at each step. */
function fewestReplicas(areEnough: (count: number) => boolean): number {
  let [low, high] = [2, MOST_REPLICAS]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (areEnough(middle)) high = middle
    else low = middle + 1
  }
  return low
}
