/** The costs of a replica, measured: processor time, since machines are shared and wall time says little. */
import { join } from 'node:path'
import { pullManifest, repositoryUrl } from '../../test/e2e/client.ts'
import { fixture, nixInstantiate } from '../../test/support/nix.ts'
import { startPushless, type Pushless } from '../../test/support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../../test/support/scope.ts'
import { signedCache } from '../../test/support/signed-cache.ts'
import { cpuMs } from '../cpu-time.ts'
import { median } from '../figure.ts'
import { countedCache, type CacheCounts, type CountedCache } from './counted-cache.ts'
import { download } from './download.ts'
import type { Costs } from './model.ts'

export type Measured = {
  readonly costs: Costs
  /** Processor seconds for one narinfo: asked for, read, and its signature verified. */
  readonly lookUpSeconds: number
  /** Processor seconds of the registry for one build, without what Nix takes. */
  readonly buildSeconds: number
  /** What one replica asks the cache for at the first pull of the image, and at all others. */
  readonly firstPull: CacheCounts
  readonly laterPulls: CacheCounts
  readonly layers: readonly number[]
  readonly cache: CountedCache
  /** Starts a replica that has nothing. */
  readonly start: () => Promise<Pushless>
}

const ROUNDS = 5
const MANIFESTS = 1_000
const DOWNLOADS = 5
const BUILDS = 40
const GIGABYTE = 1e9
/** A path that no cache has. */
const ABSENT = `/nix/store/${'a'.repeat(32)}-absent`

/** @param image a store path that a cache is made of. */
export async function measureCosts(scope: Scope, image: string): Promise<Measured> {
  const directory = join(await temporaryDirectory(scope, 'scale'), 'cache')
  const { key } = await signedCache(directory, [image], 'compression=zstd')
  const cache = await countedCache(scope, directory)
  const args = ['--serve-packages', '--store', 'cache', '--caches', cache.url, '--trusted-keys', key]
  const start = async (...more: readonly string[]) =>
    startPushless(scope, { args: [...args, '--hold', '280', ...more] })
  const fetches: number[] = []
  let layers: readonly { readonly digest: string; readonly size: number }[] = []
  let server = await start()
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) server = await start()
    cache.take()
    const before = await cpuMs(server.pid)
    layers = (await pullManifest(server.url, image)).manifest.layers
    fetches.push(await since(server, before))
    if (round < ROUNDS - 1) await server.stop()
  }
  const firstPull = cache.take()
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  const repository = repositoryUrl(server.url, image)
  const rounds: { readonly manifests: number; readonly sending: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let before = await cpuMs(server.pid)
    for (let i = 0; i < MANIFESTS; i++) await download(`${repository}/manifests/nix`)
    const manifests = await since(server, before)
    before = await cpuMs(server.pid)
    for (let i = 0; i < DOWNLOADS; i++)
      for (const { digest } of layers) await download(`${repository}/blobs/${digest}`)
    rounds.push({ manifests, sending: await since(server, before) })
  }
  await server.stop()
  return {
    costs: {
      manifestSeconds: median(rounds.map(({ manifests }) => manifests)) / 1000 / MANIFESTS,
      sendSecondsPerGigabyte:
        median(rounds.map(({ sending }) => sending)) / 1000 / ((DOWNLOADS * bytes) / GIGABYTE),
      fetchSecondsPerGigabyte: median(fetches) / 1000 / (bytes / GIGABYTE),
    },
    laterPulls: cache.take(),
    firstPull,
    lookUpSeconds: await lookUpCost(() => start('--fetch-size', '1'), image, cache),
    buildSeconds: await buildCost(scope),
    layers: layers.map(({ size }) => size),
    cache,
    start,
  }
}

/**
 * Measures pulls that are refused once it is known how much they would have to fetch: all of the closure is looked up
 * then, and nothing is fetched.
 */
async function lookUpCost(
  start: () => Promise<Pushless>,
  image: string,
  cache: CountedCache,
): Promise<number> {
  let [spent, narinfos] = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    const server = await start()
    // Once before, so that the start of the process is not counted.
    await fetch(repositoryUrl(server.url, ABSENT) + '/manifests/nix')
    cache.take()
    const before = await cpuMs(server.pid)
    const { status } = await fetch(`${repositoryUrl(server.url, image)}/manifests/nix`)
    if (status === 200) throw new Error('nothing should be fetched')
    spent += await since(server, before)
    narinfos += cache.take().narinfos
    await server.stop()
  }
  return spent / 1000 / narinfos
}

/** Compares pulls of derivations that are built with pulls of the same ones when they are. Nix is other processes. */
async function buildCost(scope: Scope): Promise<number> {
  const derivations: string[] = []
  for (let i = 0; i < BUILDS; i++) {
    const salt = ['--argstr', 'salt', `scale-${process.pid}-${i}`, '--arg', 'seconds', '0']
    derivations.push(await nixInstantiate(fixture('shapes.nix'), ['-A', 'slow', ...salt]))
  }
  const spent: number[] = []
  for (const _ of ['built', 'present']) {
    const server = await startPushless(scope, { args: ['--serve-packages', '--hold', '280'] })
    const before = await cpuMs(server.pid)
    for (const derivation of derivations) await pullManifest(server.url, derivation)
    spent.push(await since(server, before))
    await server.stop()
  }
  const [built = 0, present = 0] = spent
  return (built - present) / 1000 / BUILDS
}

async function since({ pid }: Pushless, before: number): Promise<number> {
  return (await cpuMs(pid)) - before
}
