/** Store paths mounted into containers: by a real containerd, from an image that has none in its layers. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { until } from './until.ts'
import { missingCri } from '../support/containerd-cri.ts'
import { CriError } from '../support/cri-containers.ts'
import { missing } from '../support/requirement.ts'
import { startZeroCopyNode, type NodeImage } from '../support/zero-copy-node.ts'

const LABEL = 'internal.pushless.zero-copy'
const SLEEP = ['/bin/sleep', '100000'] as const
const skip = missing('nix', 'root', 'busybox') || (await missingCri('sid'))

void t.test('containers on a node that has the store', { skip }, async (t) => {
  const node = await startZeroCopyNode(t, 'sid')
  const { nix, pods, plain } = node
  let registry = await node.startRegistry()
  const pod = await pods.run()
  const pull = async (image: NodeImage) => {
    const path = await node.add(image)
    const reference = `nix.internal${path}:nix`
    t.match(await node.cri.pull(reference), { kind: 'pulled' })
    return { path, reference }
  }
  const run = async (reference: string, command: readonly string[] = SLEEP) => {
    const container = await pods.create(pod, { image: reference, command, readOnly: true })
    await pods.start(container)
    return container
  }

  await t.test('have exactly the closure, read-only', async (t) => {
    const { path, reference } = await pull('kinds')
    const container = await run(reference)
    const { stdout } = await pods.exec(container, ['/bin/ls', '/nix/store'])
    const closure = await nix.run(['nix-store', '--query', '--requisites', path])
    const names = closure.filter((other) => other !== path).map((other) => other.slice('/nix/store/'.length))
    t.same(stdout.trim().split('\n').sort(), names.sort())

    const mounts = (await pods.exec(container, ['/bin/cat', '/proc/mounts'])).stdout.split('\n')
    const ofStore = mounts.filter((line) => line.split(' ')[1]?.startsWith('/nix/'))
    t.equal(ofStore.length, names.length - 1, 'all but the link')
    t.ok(ofStore.every((line) => /^\S+ \S+ \S+ ro,nosuid,nodev/.test(line)))
    const file = names.find((name) => name.endsWith('-plain-file'))
    t.match(await pods.exec(container, ['/bin/cat', `/nix/store/${file}`]), { stdout: 'content\n' })
    const link = names.find((name) => name.endsWith('-symlink-itself'))
    t.match(await pods.exec(container, ['/bin/ls', `/nix/store/${link}/`]), { stdout: 'references\n' })
    await pods.remove(container)
  })

  await t.test('have places for the mounts in memory, where nothing else is in the store', async (t) => {
    const { path, reference } = await pull('greeter')
    const container = await pods.create(pod, { image: reference, command: SLEEP })
    await pods.start(container)
    const { stdout } = await pods.exec(container, ['/bin/ls', '/nix/store'])
    const closure = await nix.run(['nix-store', '--query', '--requisites', path])
    const names = closure.filter((other) => other !== path).map((other) => other.slice('/nix/store/'.length))
    t.same(stdout.trim().split('\n').sort(), names.sort())
    const mounts = (await pods.exec(container, ['/bin/cat', '/proc/mounts'])).stdout
    t.match(mounts, /^tmpfs \/nix\/store tmpfs ro,nosuid,nodev,noexec/m)
    t.not((await pods.exec(container, ['/bin/sh', '-c', 'echo > /nix/store/file'])).exitCode, 0)
    const { manifest } = await answer(registry.url, `${path}/manifests/nix`)
    const { layers } = manifest as { layers: { size: number }[] }
    t.ok(layers.reduce((sum, { size }) => sum + size, 0) < 100_000)
    await pods.remove(container)
  })

  await t.test('start what the image says', async (t) => {
    for (const image of ['greeter', 'byPath', 'many'] as const) {
      const { reference } = await pull(image)
      const container = await pods.create(pod, { image: reference })
      await pods.start(container)
      t.match(await pods.ended(container), { exitCode: 0 }, image)
      await pods.remove(container)
    }
  })

  await t.test('have a user namespace', async (t) => {
    const { reference } = await pull('greeter')
    const mapped = await pods.run({ firstUser: 100_000 })
    const container = await pods.create(mapped, { image: reference, command: SLEEP, readOnly: true })
    await pods.start(container)
    t.match(await pods.exec(container, ['/bin/cat', '/proc/self/uid_map']), {
      stdout: /^ +0 +100000 +65536\n$/,
    })
    t.match(await pods.exec(container, ['/bin/say']), { stdout: 'hello\n', exitCode: 0 })
    t.not((await pods.exec(container, ['/bin/sh', '-c', 'echo > /nix/store/*-busybox/file'])).exitCode, 0)
    await pods.removePod(mapped)
  })

  await t.test('have a closure of 600 paths, below a read-only root, also in a user namespace', async (t) => {
    const { path, reference } = await pull('many')
    const closure = await nix.run(['nix-store', '--query', '--requisites', path])
    t.ok(closure.length > 600)
    const mapped = await pods.run({ firstUser: 100_000 })
    for (const sandbox of [pod, mapped]) {
      const container = await pods.create(sandbox, { image: reference, command: SLEEP, readOnly: true })
      await pods.start(container)
      const { stdout } = await pods.exec(container, ['/bin/cat', '/proc/mounts'])
      t.match(stdout, /^overlay \/ overlay ro/)
      t.equal(stdout.match(/^\S+ \/nix\/store\/\S+ \S+ ro,nosuid,nodev/gm)?.length, closure.length - 1)
      t.match(await pods.exec(container, ['/bin/say']), { stdout: 'many\n' })
      await pods.remove(container)
    }
    await pods.removePod(mapped)
  })

  await t.test('have the ordinary image where they need it', async (t) => {
    const { path, reference } = await pull('own')
    t.same(
      await answer(registry.url, `${path}/manifests/nix`),
      await answer(plain.url, `${path}/manifests/nix`),
    )

    const greeter = await node.add('greeter')
    const { manifest } = await answer(registry.url, `${greeter}/manifests/nix`)
    t.match(manifest, { annotations: { [LABEL]: greeter }, layers: { length: 1 } })
    const digest =
      (await fetch(`${plain.url}/v2${greeter}/manifests/nix`)).headers.get('docker-content-digest') ?? ''
    t.same(
      await answer(registry.url, `${greeter}/manifests/${digest}`),
      await answer(plain.url, `${greeter}/manifests/${digest}`),
    )
    t.ok(
      (await componentsOf(registry.url, greeter)).some((name) => /busybox/.test(name)),
      'in its SBOM',
    )
    const ordinary = `nix.internal${greeter}@${digest}`
    t.match(await node.cri.pull(ordinary), { kind: 'pulled' })
    for (const image of [reference, ordinary]) {
      const container = await run(image)
      t.notMatch((await pods.exec(container, ['/bin/cat', '/proc/mounts'])).stdout, / \/nix\/store\//)
      await pods.remove(container)
    }
  })

  await t.test('are refused once their closure is gone', async (t) => {
    const { path, reference } = await pull('byPath')
    // The roots of pulls end with the process.
    await registry.stop()
    registry = await node.startRegistry()
    await nix.run(['nix-collect-garbage'])
    await t.rejects(pods.create(pod, { image: reference }), {
      message: new RegExp(`no mounts for ${path}: it is not in this node`),
    })
    await node.add('byPath')
    const container = await pods.create(pod, { image: reference })
    await pods.remove(container)
  })

  await t.test('are found again after the state was lost', async (t) => {
    const { reference } = await pull('greeter')
    await registry.stop()
    await rm(join(node.state, 'zero-copy.sqlite'))
    registry = await node.startRegistry()
    await t.rejects(pods.create(pod, { image: reference }), {
      message: /this registry does not know the image/,
    })
    const container = await until(async () =>
      pods.create(pod, { image: reference }).catch((error: unknown) => {
        if (error instanceof CriError) return undefined
        throw error
      }),
    )
    await pods.start(container)
    t.match(await pods.ended(container), { exitCode: 0 })
  })
  t.ok((await readFile(join(node.state, 'zero-copy.sqlite'))).length > 0)
})

/** The names of the components in the SBOM that the registry has of an image's tag. */
async function componentsOf(url: string, path: string): Promise<readonly string[]> {
  const base = `${url}/v2${path}`
  const digest = (await fetch(`${base}/manifests/nix`)).headers.get('docker-content-digest') ?? ''
  const type = 'application/vnd.cyclonedx%2Bjson'
  const json = async (at: string): Promise<unknown> => (await fetch(`${base}/${at}`)).json()
  const index = (await json(`referrers/${digest}?artifactType=${type}`)) as {
    manifests: { digest: string }[]
  }
  const manifest = (await json(`manifests/${index.manifests[0]?.digest}`)) as { layers: { digest: string }[] }
  const document = (await json(`blobs/${manifest.layers[0]?.digest}`)) as { components: { name: string }[] }
  return document.components.map(({ name }) => name)
}

async function answer(url: string, at: string) {
  const response = await fetch(`${url}/v2${at}`)
  return { status: response.status, manifest: await response.json() }
}
