/** Nix's garbage collector beside the registry: what is worked on or was pulled stays, the rest goes. */
import { lutimes, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { pullAll, pullManifest, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture, only } from '../support/nix.ts'
import { privateNix, type PrivateNix } from '../support/private-nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const SHAPES = fixture('shapes.nix')
const DAY_S = 24 * 3600

async function derivation(nix: PrivateNix, salt: string, seconds = 0): Promise<string> {
  const args = ['-A', 'slow', '--argstr', 'salt', salt, '--arg', 'seconds', String(seconds)]
  // Rooted, as by whoever means to have it built: derivations are collected, too.
  const root = join(nix.directory, 'drv', salt)
  await nix.run(['nix-instantiate', '--add-root', root, SHAPES, ...args])
  return readlink(root)
}

async function collect(nix: PrivateNix): Promise<number> {
  const lines = await nix.run(['nix-collect-garbage'])
  return Number(/^([0-9]+) store paths deleted/.exec(lines.at(-1) ?? '')?.[1] ?? 0)
}

const isThere = async (nix: PrivateNix, path: string) =>
  nix.run(['nix-store', '--check-validity', path]).then(
    () => true,
    () => false,
  )

void t.test('collecting every second during a hundred pulls', { skip: missing('nix', 'root') }, async (t) => {
  const nix = await privateNix(t)
  const server = await startPushless(t, { prefix: nix.prefix, args: ['--serve-packages'] })
  let [rounds, collected] = [0, 0]
  const over = new AbortController()
  const collecting = (async () => {
    while (!over.signal.aborted) {
      collected += await collect(nix)
      rounds += 1
      await setTimeout(1000)
    }
  })()
  const pulled = new Set<string>()
  try {
    // Ten images, asked for ten times each, while they are built and afterwards.
    for (let batch = 0; batch < 10; batch++) {
      const drv = await derivation(nix, `gc-${batch}`, 1)
      const pulls = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          await pullManifest(server.url, drv)
          // Long enough for a collection between a client's requests.
          await setTimeout(i * 150)
          return [...(await pullAll(server.url, drv)).keys()].join()
        }),
      )
      t.equal(new Set(pulls).size, 1, `image ${batch}: ten right pulls`)
      pulled.add(pulls[0] ?? '')
    }
  } finally {
    over.abort()
    await collecting
  }
  t.equal(pulled.size, 10)
  t.ok(rounds >= 5, `${rounds} collections`)
  t.comment(`${rounds} collections, ${collected} paths collected`)
  t.equal(
    server.logs.filter(({ kind }) => kind === 'building').length,
    10,
    'nothing was collected and built again',
  )
  t.notOk(
    server.logs.some(({ msg }) => msg === 'no root: the image may be collected'),
    'every root could be made',
  )
})

void t.test('a pulled image stays for days, and then goes', { skip: missing('nix', 'root') }, async (t) => {
  const nix = await privateNix(t)
  const first = await startPushless(t, { prefix: nix.prefix, args: ['--serve-packages'] })
  const drv = await derivation(nix, 'kept')
  const output = only(await nix.run(['nix-store', '--query', '--outputs', drv]))
  const { digest } = await pullManifest(first.url, drv)
  const link = join(first.state, 'roots', output.replace(/.*\//, ''))
  await until(async () =>
    (await readdir(join(first.state, 'roots')).catch(() => [])).length > 0 ? true : undefined,
  )
  await first.stop()
  await collect(nix)
  t.ok(await isThere(nix, output), 'temporary roots ended with the server, the durable one holds')

  const seconds = Date.now() / 1000 - 8 * DAY_S
  await lutimes(link, seconds, seconds)
  const second = await startPushless(t, {
    prefix: nix.prefix,
    args: ['--serve-packages'],
    state: first.state,
  })
  await until(async () => ((await readdir(join(second.state, 'roots'))).length === 0 ? true : undefined))
  await collect(nix)
  t.notOk(await isThere(nix, output), 'eight days after the last pull it goes')

  const again = await derivation(nix, 'kept')
  t.equal(again, drv)
  t.equal((await pullManifest(second.url, drv)).digest, digest, 'made again, it has the same digest')
  await second.stop()
})

void t.test('collected while the registry remembers it', { skip: missing('nix', 'root') }, async (t) => {
  const nix = await privateNix(t)
  const server = await startPushless(t, { prefix: nix.prefix, args: ['--serve-packages', '--keep', '0'] })
  const drv = await derivation(nix, 'forgotten')
  const output = only(await nix.run(['nix-store', '--query', '--outputs', drv]))
  const { digest } = await pullManifest(server.url, output)
  // Temporary roots hold it; an administrator may do it all the same.
  await nix.run(['rm', '-rf', output])
  await nix.run(['nix-store', '--delete', '--ignore-liveness', output]).catch(() => undefined)
  await nix.run(['nix-store', '--verify', '--check-contents']).catch(() => undefined)
  const response = await fetch(`${repositoryUrl(server.url, output)}/manifests/nix`)
  t.equal(response.status, 200, await response.text())
  t.equal(response.headers.get('docker-content-digest'), digest)
  t.ok(await isThere(nix, output), 'it was built again')
})
