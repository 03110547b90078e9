/** 50 containers keep their store paths, whatever is killed, while garbage is collected every second. */
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import t from 'tap'
import { until } from './until.ts'
import { missingCri } from '../support/containerd-cri.ts'
import type { Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { eventTimes } from '../support/runtime-events.ts'
import { startZeroCopyNode, type ZeroCopyNode } from '../support/zero-copy-node.ts'

const skip = missing('nix', 'root', 'busybox') || (await missingCri('sid'))
const COUNT = 50
/** Two of every five containers have each of the first two images. */
const IMAGES = ['greeter', 'byPath', 'greeter', 'byPath', 'kinds'] as const
const SLEEP = ['/bin/sleep', '100000'] as const
const AT_ONCE = 4
const COLLECTED_EVERY_MS = 1_000

void t.test('50 containers, whoever is killed', { skip }, async (t) => {
  const node = await startZeroCopyNode(t, 'sid')
  const { nix, pods } = node
  let registry = await node.startRegistry()
  const paths = new Map<string, string>()
  for (const image of new Set(IMAGES)) {
    const path = await node.add(image)
    paths.set(image, path)
    t.match(await node.cri.pull(referenceOf(path)), { kind: 'pulled' })
  }
  const pathOf = (image: string) => paths.get(image) ?? ''
  const closures = new Map(
    await Promise.all(
      [...paths].map(async ([image, path]) => [image, await contentsOfClosure(node, path)] as const),
    ),
  )
  const pod = await pods.run()
  const collecting = collectEverySecond(node)
  const limit = pLimit(AT_ONCE)
  const began = performance.now()
  const containers = await Promise.all(
    Array.from({ length: COUNT }, (_, i) =>
      limit(async () => {
        const image = IMAGES[i % IMAGES.length] ?? ''
        const id = await pods.create(pod, {
          image: referenceOf(pathOf(image)),
          command: SLEEP,
          readOnly: i % 2 === 0,
        })
        await pods.start(id)
        return { id, image, pid: await pods.pid(id) }
      }),
    ),
  )
  t.comment(`${COUNT} containers in ${Math.round(performance.now() - began)} ms`)
  const created = await eventTimes(registry.url, 'CreateContainer')
  t.comment(`CreateContainer: ${created.shares}`)
  t.equal(created.count, COUNT)
  t.ok(created.inTime >= COUNT / 2, 'half of them within 50 ms, also on a machine that has other work')

  for (const kill of ['registry', 'containerd', 'both'] as const) {
    const start = performance.now()
    const before = registrations(registry)
    if (kill !== 'containerd') {
      registry.kill('SIGKILL')
      await registry.exited
    }
    if (kill === 'registry') {
      const alone = await pods.create(pod, { image: referenceOf(pathOf('greeter')) })
      await t.rejects(pods.start(alone), { message: /no such file/ }, 'nothing starts half')
      await pods.remove(alone)
    } else await node.cri.restart()
    if (kill !== 'containerd') registry = await node.startRegistry()
    else await until(() => registrations(registry) > before || undefined)
    for (const { id, pid } of containers) {
      const now = await pods.pid(id)
      if (now !== pid) t.fail(`${id} was ${pid}, and is ${now} after ${kill}`)
    }
    const more = await pods.create(pod, { image: referenceOf(pathOf('greeter')) })
    await pods.start(more)
    t.match(await pods.ended(more), { exitCode: 0 }, `a new container after ${kill}`)
    await pods.remove(more)
    t.comment(`${kill}: ${Math.round(performance.now() - start)} ms`)
  }

  for (const { id, image, pid } of containers) {
    const expected = closures.get(image)
    const seen = await contentsIn(`/proc/${pid}/root`, [...(expected?.keys() ?? [])])
    if (JSON.stringify([...seen]) !== JSON.stringify([...(expected ?? [])])) t.same(seen, expected, id)
  }
  const collections = await collecting.end()
  t.ok(collections > 3, `${collections} collections`)
  const metrics = await (await fetch(`${registry.url}/metrics`)).text()
  t.match(metrics, new RegExp(`^pushless_zero_copy_containers ${COUNT}$`, 'm'))
  t.match(metrics, /^pushless_zero_copy_roots 3$/m)
  t.comment(`Synchronize: ${(await eventTimes(registry.url, 'Synchronize')).shares}`)

  await t.test('what no container has any more is collected', async (t) => {
    const end = async (ended: string) => {
      const wanted = containers.filter(({ image }) => image === ended)
      await Promise.all(wanted.map(({ id }) => limit(async () => pods.remove(id))))
      await nix.run(['nix-collect-garbage'])
    }
    await end('kinds')
    t.notOk(await isThere(node, pathOf('kinds')))
    t.ok(await isThere(node, pathOf('byPath')))
    await end('byPath')
    t.notOk(await isThere(node, pathOf('byPath')))
    await end('greeter')
    // The pull's own root ends with the process.
    await registry.stop()
    await nix.run(['nix-collect-garbage'])
    t.notOk(await isThere(node, pathOf('greeter')))
  })
})

function referenceOf(path: string): string {
  return `nix.internal${path}:nix`
}

/** How often the registry registered with the runtime. */
function registrations({ logs }: Pushless): number {
  return logs.filter(({ msg }) => msg === 'registered with the container runtime').length
}

function collectEverySecond({ nix }: ZeroCopyNode): { readonly end: () => Promise<number> } {
  const over = new AbortController()
  const rounds = (async () => {
    let count = 0
    for (; !over.signal.aborted; count++) {
      await nix.run(['nix-collect-garbage'])
      await setTimeout(COLLECTED_EVERY_MS)
    }
    return count
  })()
  return {
    end: async () => {
      over.abort()
      return rounds
    },
  }
}

async function isThere({ nix }: ZeroCopyNode, path: string): Promise<boolean> {
  return lstat(join(nix.directory, path.slice('/nix'.length))).then(
    () => true,
    () => false,
  )
}

/** The contents of all paths that a container of an image has: by path, as the store has them now. */
async function contentsOfClosure({ nix }: ZeroCopyNode, image: string): Promise<ReadonlyMap<string, string>> {
  const closure = await nix.run(['nix-store', '--query', '--requisites', image])
  const store = join(nix.directory, '..')
  return contentsIn(
    store,
    closure.filter((path) => path !== image),
  )
}

async function contentsIn(root: string, paths: readonly string[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const path of paths) {
    const hash = createHash('sha256')
    for await (const part of partsOf(`${root}${path}`)) hash.update(part)
    contents.set(path, hash.digest('hex'))
  }
  return contents
}

/** All that a file, link or directory says, in an order of its own. */
async function* partsOf(path: string): AsyncGenerator<string | Buffer> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) yield `link ${await readlink(path)}\n`
  else if (stat.isDirectory())
    for (const name of (await readdir(path)).toSorted()) {
      yield `${name}\n`
      yield* partsOf(join(path, name))
    }
  else yield await readFile(path)
}

/** The times of an event, as /metrics has them: how many there were, how many within GOAL, and within each limit. */
