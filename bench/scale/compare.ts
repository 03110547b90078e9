/** The model beside a real run: three replicas, and 200 nodes that pull from them at once. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { pullManifest } from '../../test/e2e/client.ts'
import type { Pushless } from '../../test/support/registry-process.ts'
import { cpuMs } from '../cpu-time.ts'
import { memoryOf } from '../../test/support/memory-of.ts'
import type { CacheCounts } from './counted-cache.ts'
import type { Measured } from './costs.ts'
import { coresLeft, machineSeconds } from './machine.ts'
import { LAYERS_AT_ONCE, simulate } from './model.ts'

type Compared = {
  readonly name: 'half of the nodes' | 'all nodes'
  readonly measuredSeconds: number
  readonly modelSeconds: number
}

export type Comparison = {
  readonly rounds: readonly (readonly Compared[])[]
  /** What all replicas together asked the cache for: until they had the image, and while the nodes pulled. */
  readonly filling: CacheCounts
  readonly serving: CacheCounts
  /** The most memory that a replica had, in megabytes. */
  readonly memory: number
  readonly connections: number
}

export const NODES = 200
export const REPLICAS = 3
const ROUNDS = 1
const CLIENTS = fileURLToPath(new URL('clients.ts', import.meta.url))

export async function compare({ start, layers, cache }: Measured, root: string): Promise<Comparison> {
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => start()))
  cache.take()
  for (const { url } of replicas) await pullManifest(url, root)
  const filling = cache.take()
  const rounds: (readonly Compared[])[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await runOnce(replicas, layers, root))
  const memory = await Promise.all(replicas.map(async ({ pid }) => memoryOf(pid, 'VmHWM')))
  const connections = (NODES * Math.min(LAYERS_AT_ONCE, layers.length)) / REPLICAS
  return { rounds, filling, serving: cache.take(), memory: Math.max(...memory), connections }
}

/** Everything shares this machine's cores, the clients too: their time is part of what a gigabyte costs here. */
async function runOnce(
  replicas: readonly Pushless[],
  layers: readonly number[],
  root: string,
): Promise<readonly Compared[]> {
  const bytes = NODES * layers.reduce((sum, size) => sum + size, 0)
  const servedMs = async () => {
    const each = await Promise.all(replicas.map(async ({ pid }) => cpuMs(pid)))
    return each.reduce((sum, ms) => sum + ms, 0)
  }
  const [servedBefore, busyBefore, begun] = [await servedMs(), await machineSeconds(), performance.now()]
  const urls = replicas.map(({ url }) => url)
  const { stdout } = await execa(process.execPath, [CLIENTS, String(NODES), root, ...urls])
  const wall = (performance.now() - begun) / 1000
  const busy = (await machineSeconds()) - busyBefore
  const served = ((await servedMs()) - servedBefore) / 1000
  const { seconds, cpuSeconds } = JSON.parse(stdout) as {
    readonly seconds: readonly number[]
    readonly cpuSeconds: number
  }
  const own = served + cpuSeconds
  const cores = availableParallelism()
  // What other programs took makes each byte dearer.
  const shortage = cores / coresLeft(busy, own, wall)
  const model = simulate(
    {
      manifestSeconds: 0,
      sendSecondsPerGigabyte: (own / (bytes / 1e9)) * shortage,
      fetchSecondsPerGigabyte: 0,
    },
    {
      nodes: NODES,
      replicas: 1,
      coresOfReplica: cores,
      linkOfReplica: Infinity,
      linkOfNode: Infinity,
      layers,
      isWarm: true,
      mirrorCopies: undefined,
    },
  )
  const sorted = seconds.toSorted((a, b) => a - b)
  return [
    {
      name: 'half of the nodes',
      measuredSeconds: sorted[Math.floor(NODES / 2)] ?? 0,
      modelSeconds: model.p50,
    },
    { name: 'all nodes', measuredSeconds: sorted.at(-1) ?? 0, modelSeconds: model.all },
  ]
}
