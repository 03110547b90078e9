/** The costs of a replica, measured: processor time, since machines are shared and wall time says little. */
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pullManifest, repositoryUrl } from '../../test/e2e/client.ts'
import { startPushless, type Pushless } from '../../test/support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../../test/support/scope.ts'
import { signedCache } from '../../test/support/signed-cache.ts'
import { cpuMs } from '../cpu-time.ts'
import { median } from '../figure.ts'
import type { Costs } from './model.ts'

export type Measured = {
  readonly costs: Costs
  readonly layers: readonly number[]
  /** Starts a replica that has nothing. */
  readonly start: () => Promise<Pushless>
}

const ROUNDS = 5
const MANIFESTS = 1_000
const DOWNLOADS = 5
const GIGABYTE = 1e9

/** @param image a store path that a cache is made of. */
export async function measureCosts(scope: Scope, image: string): Promise<Measured> {
  const directory = join(await temporaryDirectory(scope, 'scale'), 'cache')
  const { key } = await signedCache(directory, [image], 'compression=zstd')
  const args = [
    '--serve-packages',
    '--store',
    'cache',
    '--caches',
    `file://${directory}`,
    '--trusted-keys',
    key,
  ]
  const start = async () => startPushless(scope, { args: [...args, '--hold', '280'] })
  const fetches: number[] = []
  let layers: readonly { readonly digest: string; readonly size: number }[] = []
  let server = await start()
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) server = await start()
    const before = await cpuMs(server.pid)
    layers = (await pullManifest(server.url, image)).manifest.layers
    fetches.push(await since(server, before))
    if (round < ROUNDS - 1) await server.stop()
  }
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  const repository = repositoryUrl(server.url, image)
  const rounds: { readonly manifests: number; readonly sending: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let before = await cpuMs(server.pid)
    for (let i = 0; i < MANIFESTS; i++) await (await fetch(`${repository}/manifests/nix`)).arrayBuffer()
    const manifests = await since(server, before)
    before = await cpuMs(server.pid)
    for (let i = 0; i < DOWNLOADS; i++)
      for (const { digest } of layers) await drain(`${repository}/blobs/${digest}`)
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
    layers: layers.map(({ size }) => size),
    start,
  }
}

async function since({ pid }: Pushless, before: number): Promise<number> {
  return (await cpuMs(pid)) - before
}

/** Takes a body and drops it. */
export async function drain(url: string): Promise<void> {
  const { body } = await fetch(url)
  if (body === null) throw new Error(`${url} has no body`)
  await pipeline(body, new Writable({ write: (_bytes, _encoding, done) => done() }))
}
