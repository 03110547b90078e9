/**
 * The registry of cache.yaml under a real kubelet: its own image, imported, in the Pod of its Deployment; it serves the
 * greeter out of a binary cache to the containerd of the same node. The node's Nix isn't in the Pod.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { imageName } from './client.ts'
import { exampleImage } from './example.ts'
import { until } from './until.ts'
import { installText } from '../../src/cli/install/install.ts'
import { makeImage } from '../../scripts/registry-image/make-image.ts'
import { serveCache } from '../support/binary-cache.ts'
import { freePort } from '../support/free-port.ts'
import { startKubelet } from '../support/kubelet.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { fixture, nixBuild, nixEnv, only } from '../support/nix.ts'
import { missingOwnImage } from '../support/own-image.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { signedCache } from '../support/signed-cache.ts'

const skip =
  missing('root', 'containerd', 'busybox') ||
  (await missingKubernetes('kubelet')) ||
  (await missingOwnImage())

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT_MS = 120_000
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64'

void t.test('the registry of cache.yaml, on a kubelet', { skip, timeout: 3 * LIMIT_MS }, async (t) => {
  const directory = await temporaryDirectory(t, 'without-nix')
  const greeter = await exampleImage()
  const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
  const own = await makeImage(ARCHITECTURE, nixEnv)
  const { key } = await signedCache(join(directory, 'cache'), [greeter], 'compression=zstd')
  const cache = await serveCache(t, join(directory, 'cache'))
  const port = await freePort()

  const kubelet = await startKubelet(t, { url: `http://127.0.0.1:${port}`, sandboxImage: imageName(sandbox) })
  const { pod, image } = await podOfCache({ port, cache: cache.url, key })
  for (const [name, path] of [
    [imageName(sandbox), sandbox],
    [image, own],
  ] as const) {
    const archive = join(directory, 'image.tar')
    await exportImage(path, ['--name', name, '--force', '--output', archive], join(directory, 'state'))
    await kubelet.importImages(archive)
  }
  const started = performance.now()
  await kubelet.place('pushless', JSON.stringify(pod))
  await until(
    async () => ((await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200 ? true : undefined),
    LIMIT_MS,
  )
  t.comment(`ready ${Math.round(performance.now() - started)} ms after its Pod was placed`)
  t.same(await kubelet.running('registry'), [image])
  t.notOk(JSON.stringify(pod).includes('hostPath'), 'it sees no directory of the node')

  await kubelet.place('greeter', JSON.stringify(greeterPod(imageName(greeter))))
  await until(
    async () => ((await kubelet.logs('greeter')).some((line) => /hello/i.test(line)) ? true : undefined),
    LIMIT_MS,
  )
  t.ok(
    kubelet
      .events()
      .some((event) => event.startsWith(`Pulled: Successfully pulled image "${imageName(greeter)}"`)),
    'the node has pulled it from the Pod',
  )
})

async function exportImage(path: string, args: readonly string[], state: string): Promise<void> {
  await execa(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(ROOT, 'dist/main.js'),
      'export',
      '--state',
      state,
      ...args,
      path,
    ],
    { env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio' }, timeout: LIMIT_MS, stdin: 'ignore' },
  )
}

/** The Pod that `pushless install` prints, with what a kubelet without an API server and a network plugin needs. */
async function podOfCache({ port, cache, key }: { port: number; cache: string; key: string }) {
  const text = await installText({ kind: 'cache', caches: [cache], trustedKeys: [key] }, ROOT)
  const deployment = parseAllDocuments(text)
    .map((document) => document.toJS())
    .find(({ kind }) => kind === 'Deployment')
  const { serviceAccountName: _, ...spec } = deployment.spec.template.spec
  const [container] = spec.containers
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pushless', namespace: 'default' },
    spec: {
      ...spec,
      hostNetwork: true,
      containers: [
        {
          ...container,
          env: container.env.map(({ name, value }: { name: string; value: string }) => ({
            name,
            value: name === 'PUSHLESS_LISTEN' ? `0.0.0.0:${port}` : value,
          })),
          ports: [{ name: 'http', containerPort: port }],
        },
      ],
    },
  }
  return { pod, image: String(container.image) }
}

function greeterPod(image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'greeter', namespace: 'default' },
    spec: {
      hostNetwork: true,
      restartPolicy: 'Never',
      containers: [{ name: 'greeter', image }],
    },
  }
}

/** 0 while nobody answers. */
async function statusOf(url: string): Promise<number> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status,
    () => 0,
  )
}
