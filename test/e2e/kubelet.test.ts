/**
 * A real kubelet with Pods that Nix made, as the files of a cluster's node: what it pulls, runs, and says in events.
 */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { imageName } from './client.ts'
import { until } from './until.ts'
import { missingCri } from '../support/containerd-cri.ts'
import { freePort } from '../support/free-port.ts'
import { startKubelet, type Kubelet } from '../support/kubelet.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { fixture, nixBuild, only } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('root', 'containerd', 'nix', 'busybox') || (await missingKubernetes('kubelet'))

/** kubelet tries again after 10 s, and later each time. */
const POD_LIMIT_MS = 120_000
const TIME_LIMIT_MS = 600_000
/** containerd asks 10 to 12 times within an attempt: with a hold of a second, this outlasts its first. */
const SLOW_SECONDS = 30

void t.test('Pods from `nix build`, on a kubelet', { skip, timeout: TIME_LIMIT_MS }, async (t) => {
  const { url } = await startPushless(t, { args: ['--hold', '1'] })
  const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
  const kubelet = await startKubelet(t, { url, sandboxImage: imageName(sandbox) })

  await t.test('run, and their output is their program’s', async (t) => {
    const pod = await podOf('greeter', ['--argstr', 'greeting', 'hello one'])
    await kubelet.place('greeter', pod.json)
    await says(kubelet, 'hello one')
    t.same(await kubelet.running('main'), [pod.image])
    t.match(pod.image, /^nix\.internal\/nix\/store\/[a-z0-9]{32}-greeter:nix$/)
  })

  await t.test('roll forward to a new build', async (t) => {
    const before = await kubelet.running('main')
    const pod = await podOf('greeter', ['--argstr', 'greeting', 'hello two'])
    t.notSame(before, [pod.image])
    await kubelet.place('greeter', pod.json)
    await says(kubelet, 'hello two')
    t.same(await kubelet.running('main'), [pod.image], 'the old one is gone')
    await kubelet.remove('greeter')
    await until(async () => ((await kubelet.running('main')).length === 0 ? true : undefined), POD_LIMIT_MS)
  })

  await t.test('say why their image cannot be built', async (t) => {
    const pod = await podOf('broken', salted())
    await kubelet.place('broken', pod.json)
    const failed = await until(
      () => eventsOf(kubelet, pod.image).find((event) => /^Failed: .*exit code/.test(event)),
      POD_LIMIT_MS,
    )
    t.comment(failed)
    t.match(failed, `Failed: Failed to pull image "${pod.image}": `)
    t.match(failed, /500 nix build failed: broken: exit code 3/)
    await kubelet.remove('broken')
  })

  await t.test('come up by themselves when a slow build is done', async (t) => {
    const pod = await podOf('slow', ['--arg', 'seconds', String(SLOW_SECONDS), ...salted()])
    await kubelet.place('slow', pod.json)
    await says(kubelet, 'built at last')
    t.same(await kubelet.running('main'), [pod.image])
    const events = eventsOf(kubelet, pod.image)
    t.comment(events.join('\n'))
    t.match(events[1], /^Failed: .*429 not ready yet/)
    t.ok(events.some((event) => event.startsWith('BackOff: ')))
    t.match(events.at(-1), /^Pulled: Successfully pulled image/)
  })
})

void t.test(
  'a Pod whose image has no store paths',
  { skip: skip || (await missingCri('2.4')), timeout: TIME_LIMIT_MS },
  async (t) => {
    const plain = await startPushless(t)
    const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
    const port = await freePort()
    const kubelet = await startKubelet(t, {
      url: `http://127.0.0.1:${port}`,
      origin: '2.4',
      settings: { nri: true, hosts: { 'plain.internal': plain.url } },
      // A sandbox is no container to NRI: its image must be an ordinary one.
      sandboxImage: `plain.internal${sandbox}:nix`,
    })
    const { url } = await startPushless(t, {
      listen: `127.0.0.1:${port}`,
      args: ['--zero-copy', '--nri-socket', kubelet.nriSocket],
    })
    const pod = await podOf('greeter', ['--argstr', 'greeting', 'nothing was copied'])
    await kubelet.place('greeter', pod.json)
    await says(kubelet, 'nothing was copied')
    t.same(await kubelet.running('main'), [pod.image])
    const metrics = async () => (await fetch(`${url}/metrics`)).text()
    t.match(await metrics(), /^pushless_zero_copy_containers 1$/m)
    await kubelet.remove('greeter')
    await until(
      async () => (/^pushless_zero_copy_containers 0$/m.test(await metrics()) ? true : undefined),
      POD_LIMIT_MS,
    )
  },
)

/** The Pod of a manifest that Nix builds, and the reference that is its container's image. */
async function podOf(
  name: string,
  args: readonly string[],
): Promise<{ readonly json: string; readonly image: string }> {
  const manifest = only(await nixBuild(fixture('pods.nix'), ['-A', name, ...args]))
  const text = await readFile(manifest, 'utf8')
  const {
    items: [pod],
  } = JSON.parse(text)
  const image = /"image":"([^"]+)"/.exec(text)?.[1]
  if (image === undefined) throw new Error(`no image in ${text}`)
  return { json: JSON.stringify(pod), image }
}

/** That nobody built before. */
function salted(): readonly string[] {
  return ['--argstr', 'salt', `kubelet-${process.pid}-${Date.now()}`]
}

async function says(kubelet: Kubelet, line: string): Promise<void> {
  await until(async () => ((await kubelet.logs('main')).includes(line) ? true : undefined), POD_LIMIT_MS)
}

function eventsOf(kubelet: Kubelet, image: string): readonly string[] {
  return kubelet.events().filter((event) => event.includes(image))
}
