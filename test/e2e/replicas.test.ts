/**
 * Three replicas that share nothing, each filled from one binary cache, behind a balancer that sends each request to
 * another one. containerd pulls 50 images while a replica is killed every two seconds.
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import t, { type Test } from 'tap'
import { imageName, pullManifest } from './client.ts'
import { serveCache } from '../support/binary-cache.ts'
import { startContainerd } from '../support/containerd.ts'
import { fixture, nixBuild } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { roundRobin } from '../support/round-robin.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'

const IMAGES = 50
const KILL_EVERY_MS = 2_000
const PULLS_AT_ONCE = 3

type Replica = { current: Pushless; readonly port: number; readonly state: string }

void t.test('replicas', { skip: missing('nix', 'containerd', 'root') }, async (t) => {
  const images = await nixBuild(fixture('replicas.nix'), ['--arg', 'count', String(IMAGES)])
  const { directory, key } = await signedCache(
    join(await temporaryDirectory(t, 'replicas'), 'cache'),
    images,
    'compression=zstd',
  )
  const cache = await serveCache(t, directory)
  const args = ['--serve-packages', '--store', 'cache', '--caches', cache.url, '--trusted-keys', key]
  const start = async (state?: string, port = 0): Promise<Pushless> =>
    startPushless(t, { args, listen: `127.0.0.1:${port}`, ...(state === undefined ? {} : { state }) })
  const replicas: Replica[] = await Promise.all(
    [1, 2, 3].map(async () => {
      const current = await start()
      return { current, port: current.port, state: current.state }
    }),
  )
  const balancer = await roundRobin(
    t,
    replicas.map(({ port }) => port),
  )
  const containerd = await startContainerd(t)
  await containerd.hostsDir(balancer.url)

  const over = new AbortController()
  let kills = 0
  const killing = (async () => {
    while (!over.signal.aborted) {
      const replica = replicas[kills % replicas.length]
      if (replica === undefined) return
      replica.current.kill('SIGKILL')
      await replica.current.exited
      kills += 1
      replica.current = await start(replica.state, replica.port)
      await setTimeout(KILL_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })()
  const limit = pLimit(PULLS_AT_ONCE)
  const begun = performance.now()
  const pulls = await Promise.all(images.map((path) => limit(async () => containerd.pull(imageName(path)))))
  t.comment(
    `${IMAGES} pulls in ${Math.round(performance.now() - begun)} ms, ${kills} kills, ${balancer.cuts()} bodies cut`,
  )
  over.abort()
  await killing
  for (const [i, { exitCode, stderr }] of pulls.entries()) t.equal(exitCode, 0, `${images[i]}: ${stderr}`)
  t.ok(kills >= 2, `${kills} kills`)
  for (const { port } of replicas) t.ok((balancer.served.get(port) ?? 0) > 0, `${port} answered some`)
  await sameEverywhere(t, images, replicas)
})

/** Each replica, and a registry with a Nix daemon, has the same digest for each image. */
async function sameEverywhere(
  t: Test,
  images: readonly string[],
  replicas: readonly Replica[],
): Promise<void> {
  const daemon = await startPushless(t, { args: ['--serve-packages'] })
  for (const path of images) {
    const { digest } = await pullManifest(daemon.url, path)
    const others = await Promise.all(
      replicas.map(async ({ current }) => (await pullManifest(current.url, path)).digest),
    )
    t.same(
      others,
      replicas.map(() => digest),
      path,
    )
  }
}
