/**
 * `npm run demo`: builds an example image and its Pod with Nix, starts the registry, lets a real client pull and run
 * the image, and tells what happened. Touches nothing outside a temporary directory and the Nix store.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { startContainerd } from '../test/support/containerd.ts'
import { nixEnv } from '../test/support/nix.ts'
import { podmanFor } from '../test/support/podman.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { missing } from '../test/support/requirement.ts'
import { scoped, type Scope } from '../test/support/scope.ts'
import { copyToDir } from '../test/support/skopeo.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EXAMPLE = 'examples/greeter'

type Pod = {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly containers: readonly [{ readonly image: string }] }
}
/** Shows what the container printed, or what was checked in its place. */
type Client = {
  readonly name: string
  readonly pullAndRun: (scope: Scope, image: string, url: string) => Promise<string>
}

try {
  await scoped(demo)
} catch (error) {
  say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function demo(scope: Scope): Promise<void> {
  say('pushless: an image that nobody pushes, from the Nix store to a running container\n')
  const file = await step(`nix build -f ${EXAMPLE}: the image and its Pod`, async () => {
    const { stdout } = await execa('nix', ['build', '-f', EXAMPLE, '--no-link', '--json'], {
      cwd: ROOT,
      env: nixEnv,
    })
    const [built] = JSON.parse(stdout) as readonly { readonly outputs: { readonly out: string } }[]
    if (built === undefined) throw new Error('nix build built nothing')
    return built.outputs.out
  })
  const { items } = JSON.parse(await readFile(file, 'utf8')) as { readonly items: readonly [Pod] }
  const [pod] = items
  const { image } = pod.spec.containers[0]
  say(`      Pod "${pod.metadata.name}" in ${file}`)
  say(`      names its image by store path: ${image}\n`)

  const server = await step('pushless serve: on loopback, with nothing in its state directory', () =>
    startPushless(scope),
  )
  say(`      ${server.url}\n`)

  const client = bestClient()
  const output = await step(client.name, () => client.pullAndRun(scope, image, server.url))
  for (const line of output.trim().split('\n')) say(`      | ${line}`)

  const ready = server.logs.find(({ msg }) => msg === 'image ready')
  if (ready !== undefined)
    say(`\nThe registry read the image from the store in these milliseconds: ${milliseconds(ready['ms'])}.`)
  say('No tarball was written, nothing was uploaded, no layer was stored a second time.\n')
  say(`Try next:
  npm run --silent pushless -- inspect ${image}
      what is served: config, layers, the store paths in each
  npm run --silent pushless -- serve --help
      every setting
  change the greeting in ${EXAMPLE}/hello.nix and run the demo again: the new image has a new name
  docs/clients.md: containerd, podman, Docker, CRI-O, k3s`)
}

/** The most telling client here: one that runs the image, or else one that checks it. */
function bestClient(): Client {
  if (missing('containerd', 'root') === false)
    return { name: 'containerd: pull and run', pullAndRun: withContainerd }
  if (missing('podman', 'root') === false) return { name: 'podman: pull and run', pullAndRun: withPodman }
  if (missing('skopeo') === false)
    return { name: 'skopeo: copy, and check every blob', pullAndRun: withSkopeo }
  return { name: 'no containerd, podman or skopeo here: pull and check every blob', pullAndRun: withFetch }
}

async function withContainerd(scope: Scope, image: string, url: string): Promise<string> {
  const containerd = await startContainerd(scope)
  await containerd.hostsDir(url)
  expectSuccess(await step('ctr images pull', () => containerd.pull(image)))
  return expectSuccess(await step('ctr run', () => containerd.run(image)))
}

async function withPodman(scope: Scope, image: string, url: string): Promise<string> {
  const podman = await podmanFor(scope, url)
  expectSuccess(await step('podman pull', () => podman.pull(image)))
  return expectSuccess(await step('podman run', () => podman.run(image)))
}

async function withSkopeo(scope: Scope, image: string, url: string): Promise<string> {
  await copyToDir(scope, image, url)
  return 'every blob has the sha256 that the manifest says'
}

async function withFetch(_scope: Scope, image: string, url: string): Promise<string> {
  const [, name = '', tag = ''] = /^[^/]*\/(.*):(.*)$/.exec(image) ?? []
  const response = await fetch(`${url}/v2/${name}/manifests/${tag}`)
  if (!response.ok) throw new Error(await response.text())
  type Descriptor = { readonly digest: string; readonly size: number }
  const { config, layers } = (await response.json()) as {
    readonly config: Descriptor
    readonly layers: readonly Descriptor[]
  }
  for (const { digest } of [config, ...layers]) {
    const hash = createHash('sha256')
    for await (const chunk of (await fetch(`${url}/v2/${name}/blobs/${digest}`)).body ?? [])
      hash.update(chunk)
    if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`${digest} has other bytes`)
  }
  return `${layers.length} layers and the config have the sha256 that the manifest says`
}

function expectSuccess({
  exitCode,
  stdout,
  stderr,
}: {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}): string {
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}${stdout}`)
  return stdout
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  say(`${String(Math.round(performance.now() - start)).padStart(6)} ms  ${name}`)
  return result
}

function milliseconds(steps: unknown): string {
  if (typeof steps !== 'object' || steps === null) return ''
  return Object.entries(steps)
    .map(([name, ms]) => `${name} ${Number(ms).toFixed(1)}`)
    .join(', ')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
