/**
 * The whole way on real parts: an application in a DeliveryProfile becomes manifests and an image by Nix, the operator
 * delivers it, Kubernetes' controllers make Pods, and kubelet and containerd pull the image from the registry and run it.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import { imageName } from './client.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { startDaemon } from '../support/daemon.ts'
import { startKubelet } from '../support/kubelet.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { busybox, fixture, nixBuild, nixEnv, only } from '../support/nix.ts'
import { PROFILES, clusterOf, installOperator } from '../support/operator-rig.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { until } from './until.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const CATALOGUE = fileURLToPath(new URL('../../examples/catalogue', import.meta.url))
const LIMIT_MS = 90_000
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'shop' }
const skip =
  missing('root', 'nix', 'containerd', 'etcd', 'kubectl', 'busybox') || (await missingKubernetes('kubelet'))

/** There is no network plugin and no scheduler here, so Pods use the host's network on the one node. */
function onTheNode(): readonly Json[] {
  return [
    { op: 'add', path: '/spec/hostNetwork', value: true },
    { op: 'add', path: '/spec/nodeName', value: 'node' },
    { op: 'add', path: '/spec/tolerations', value: [{ operator: 'Exists' }] },
  ]
}

/** An application that says something, and stays. */
async function app(text: string): Promise<Json> {
  return {
    name: 'shop',
    package: await busybox(),
    command: ['sh', '-c', `echo ${text}; sleep 1000`],
    replicas: 1,
  }
}

function settings(values: Json): Json {
  return { catalogue: { name: 'settings', version: '2.0.0', values } }
}

void t.test('from app.yaml to a running container, and back', { skip, timeout: 4 * LIMIT_MS }, async (t) => {
  const directory = await temporaryDirectory(t, 'delivery-kubelet')
  const registry = await startPushless(t)
  const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
  const { provider } = await startControlPlane(t, { hasControllers: true })
  const cluster = clusterOf(t, provider.kubeconfig)
  await installOperator(cluster)
  const webhook = await startWebhook(t, () => ({ patch: onTheNode() }))
  await cluster.apply(
    webhook.configuration('Mutating', 'default', { resources: ['pods'], operations: ['CREATE'] }),
  )
  const kubelet = await startKubelet(t, {
    url: registry.url,
    sandboxImage: imageName(sandbox),
    kubeconfig: provider.kubeconfig,
  })
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, provider.kubeconfig)
  const run = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN] as const
  await startDaemon(t, {
    command: [
      ...run,
      'operator',
      `--kubeconfig=${kubeconfig}`,
      `--state=${join(directory, 'state')}`,
      `--registry=${registry.url}`,
      '--allow-builds',
      '--health-listen=127.0.0.1:0',
      '--default-service-account=',
      `--catalogue=${CATALOGUE}`,
    ],
    env: { ...nixEnv, PUSHLESS_NIX: 'nix-daemon --stdio' },
    ready: (line) => (line.includes('"leading"') ? true : undefined),
  })
  const kubectl = async (...args: readonly string[]) =>
    execa('kubectl', [...args], { env: { KUBECONFIG: kubeconfig, ...nixEnv }, timeout: LIMIT_MS })
  const profile = async () => cluster.get({ ...PROFILES, namespace: 'default', name: 'shop' })
  const says = async (text: string) =>
    until(async () => ((await kubelet.logs('shop')).includes(text) ? true : undefined), LIMIT_MS)
  const isReady = async (generation: number) =>
    until(async () => {
      const status = (await profile())?.['status']
      const ready = listAt(status, 'conditions').find((one) => textAt(one, 'type') === 'Ready')
      return textAt(ready, 'status') === 'True' && fieldAt(status, 'generation') === generation
        ? true
        : undefined
    }, LIMIT_MS)

  await cluster.apply({
    ...PROFILES,
    metadata: { namespace: 'default', name: 'shop' },
    spec: { source: { app: await app('first') }, wait: true, timeout: '80s' },
  })
  await says('first')
  await isReady(1)

  // A value is changed as somebody does who knows kubectl alone.
  const values = { spec: { source: { app: await app('second') } } }
  await kubectl('patch', 'deliveryprofile', 'shop', '--type=merge', '-p', JSON.stringify(values))
  await says('second')
  await isReady(2)

  await kubectl('scale', 'deployment', 'shop', '--replicas=3')
  const drifted = performance.now()
  await until(
    async () =>
      fieldAt((await cluster.get(DEPLOYMENT)) ?? null, 'spec', 'replicas') === 1 ? true : undefined,
    LIMIT_MS,
  )
  t.ok(performance.now() - drifted < 5_000, 'drift is mended within five seconds')

  const before = (await kubelet.logs('shop')).filter((line) => line === 'first').length
  await kubectl('patch', 'deliveryprofile', 'shop', '--type=merge', '-p', '{"spec":{"rollbackTo":1}}')
  await until(
    async () =>
      (await kubelet.logs('shop')).filter((line) => line === 'first').length > before ? true : undefined,
    LIMIT_MS,
  )
  await isReady(3)
  t.match((await kubectl('get', 'deliveryprofiles')).stdout, /^shop +True/m)

  // An entry of a catalogue, whose values somebody changes with kubectl alone.
  const settingsAre = async (wanted: string) =>
    until(async () => {
      const live = await cluster.get({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'default',
        name: 'settings',
      })
      return textAt(live, 'data', 'LEVEL') === wanted ? true : undefined
    }, LIMIT_MS)
  await cluster.apply({
    ...PROFILES,
    metadata: { namespace: 'default', name: 'settings' },
    spec: { source: settings({ data: { LEVEL: 'info' } }) },
  })
  await settingsAre('info')
  const change = async (source: Json) =>
    kubectl(
      'patch',
      'deliveryprofile',
      'settings',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { source } }),
    )
  await change(settings({ data: { LEVEL: 'debug' } }))
  await settingsAre('debug')
  await change(settings({ data: { LEVEL: 'debug' }, nam: 'x' }))
  await until(async () => {
    const live = await cluster.get({ ...PROFILES, namespace: 'default', name: 'settings' })
    const ready = listAt(live?.['status'], 'conditions').find((one) => textAt(one, 'type') === 'Ready')
    return textAt(ready, 'message')?.includes('nam is unknown, did you mean name?') === true
      ? true
      : undefined
  }, LIMIT_MS)
})
