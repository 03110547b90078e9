/**
 * A build of a minute behind one pull, by the clients that nodes have: who waits for it within one attempt, and for
 * whom kubelet must come back. All of them wait at once for one and the same build, so the file takes little longer
 * than it.
 */
import t from 'tap'
import { imageName, pullManifest } from './client.ts'
import { pullAsKubelet } from './kubelet.ts'
import { missingCri, startCri, type Origin } from '../support/containerd-cri.ts'
import type { Pulled } from '../support/cri.ts'
import { fixture, nixInstantiate } from '../support/nix.ts'
import { podmanFor } from '../support/podman.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import type { Scope } from '../support/scope.ts'

const SECONDS = 60
/** Four attempts of every client, and the backoff between them. */
const TIME_LIMIT_MS = 600_000

type Client = {
  readonly name: string
  readonly isContainerd: boolean
  readonly pull: (reference: string) => Promise<Pulled>
}
type Kind = {
  readonly title: string
  readonly skip: string | false
  readonly start: (scope: Scope, url: string) => Promise<Client>
}

/** 1.6 is what Debian bookworm has. Another to try, such as 2.3: PATH decides which is this machine's. */
const kinds: readonly Kind[] = [
  {
    title: 'containerd of this machine',
    skip: await missingCri('machine'),
    start: startContainerd('machine'),
  },
  {
    title: 'containerd 1.7, of Debian trixie',
    skip: await missingCri('trixie'),
    start: startContainerd('trixie'),
  },
  { title: 'containerd 2, of Debian sid', skip: await missingCri('sid'), start: startContainerd('sid') },
  { title: 'podman', skip: missing('podman', 'root'), start: startPodman },
]
const present = kinds.filter(({ skip }) => skip === false)
const skip = missing('nix') || (present.length === 0 && 'needs any of its clients')
for (const { title, skip } of kinds) if (skip !== false) void t.test(title, { skip }, () => {})

const ONE = 'one attempt'
const MORE = 'kubelet-like retries'

/**
 * What it takes to get an image that is built for 60 s. A containerd asks 10 or 12 times within an attempt, at once
 * after each refusal, so a hold of 3 s shows what one of 20 s does with a build of seven minutes; podman waits between. Nine redirects of 20 s
 * outlast the build, and nobody is refused.
 */
const settings = [
  { args: ['--wait', 'retry', '--hold', '20'], refuses: true, containerd: ONE, podman: ONE },
  { args: ['--wait', 'redirect', '--hold', '20'], refuses: false, containerd: ONE, podman: ONE },
  { args: ['--wait', 'retry', '--hold', '3'], refuses: true, containerd: MORE, podman: ONE },
  { args: ['--wait', 'redirect', '--hold', '3'], refuses: true, containerd: ONE, podman: ONE },
] as const

void t.test('a build of a minute', { skip, timeout: TIME_LIMIT_MS }, async (t) => {
  const slow = await derivation('slow', ['--arg', 'seconds', String(SECONDS)])
  const started = await Promise.all(
    settings.map(async (setting) => {
      const args = ['--serve-packages', '--log-level', 'debug', ...setting.args]
      const server = await startPushless(t, { args })
      const clients = await Promise.all(present.map(async ({ start }) => start(t, server.url)))
      return { setting, server, clients }
    }),
  )
  const waited = await Promise.all(
    started.flatMap(({ setting, clients }) =>
      clients.map(async (client) => ({
        setting,
        client,
        result: await pullAsKubelet(async () => client.pull(imageName(slow))),
      })),
    ),
  )

  const [first] = started
  const { config } = (await pullManifest(first?.server.url ?? '', slow)).manifest
  for (const { setting, client, result } of waited) {
    const { name, isContainerd } = client
    const { failures, imageId, seconds } = result
    const needs = isContainerd ? setting.containerd : setting.podman
    await t.test(`${name}, ${setting.args.join(' ')}: ${needs}`, async (t) => {
      t.comment(`failed ${failures.length} times; ${seconds} s until it had the image`)
      t.equal(imageId, config.digest, 'has the image in the end')
      t.equal(failures.length === 0 ? ONE : MORE, needs, failures[0] ?? needs)
      for (const failure of failures) t.match(failure, /429 not ready yet/, 'a Pod\u2019s events say so')
    })
  }
  for (const { setting, server } of started) {
    const refused = server.logs.filter(({ msg, status }) => msg === 'request' && status === 429).length
    t.equal(refused > 0, setting.refuses, `${setting.args.join(' ')}: ${refused} requests were refused`)
  }
  const all = started.flatMap(({ server }) => server.logs)
  const begun = all.filter(({ msg, line }) => msg === 'nix log' && line === `slow line 1 of ${SECONDS}`)
  t.equal(begun.length, 1, 'all registries and clients together had it built once')
})

void t.test('a build that fails', { skip }, async (t) => {
  const failing = await derivation('fails')
  for (const wait of ['retry', 'redirect']) {
    const { url } = await startPushless(t, { args: ['--serve-packages', '--wait', wait] })
    for (const { start } of present) {
      const { name, isContainerd, pull } = await start(t, url)
      const pulled = await pull(imageName(failing))
      const said = isContainerd ? /: 500 nix build failed: fails: exit code 1$/ : /nix build failed/
      t.match(pulled, { kind: 'failed', message: said }, `${name}, --wait ${wait}: its error says so`)
    }
  }
})

/** That was never built. */
async function derivation(attribute: 'slow' | 'fails', args: readonly string[] = []): Promise<string> {
  const salt = `clients-${process.pid}-${Date.now()}`
  return nixInstantiate(fixture('shapes.nix'), ['-A', attribute, '--argstr', 'salt', salt, ...args])
}

function startContainerd(origin: Origin) {
  return async (scope: Scope, url: string): Promise<Client> => {
    const containerd = await startCri(scope, origin, url)
    const pull = async (reference: string) => containerd.pull(reference)
    return { name: `containerd ${containerd.version}`, isContainerd: true, pull }
  }
}

async function startPodman(scope: Scope, url: string): Promise<Client> {
  const podman = await podmanFor(scope, url)
  const { stdout } = await podman.podman('--version')
  return {
    name: stdout.replace(' version', ''),
    isContainerd: false,
    async pull(reference) {
      const { exitCode, stdout, stderr } = await podman.pull(reference)
      return exitCode === 0
        ? { kind: 'pulled', imageId: `sha256:${stdout.trim()}` }
        : { kind: 'failed', message: stderr }
    },
  }
}
