/**
 * The whole way on real parts: an application in a DeliveryProfile becomes manifests and an image by Nix, the operator
 * delivers it, Kubernetes' controllers make Pods, and kubelet and containerd pull the image from the registry and run it.
 * The operator itself runs in the same way, in Pods of its own.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import type { Json } from '../../src/core/json.ts'
import type { Cluster } from '../../src/kubernetes/client/cluster.ts'
import { imageName } from './client.ts'
import {
  OPERATOR_NAMESPACE,
  deliverPath,
  isLeading,
  killPod,
  leadingPod,
  operatorInstallation,
  operatorPatch,
} from './operator-pods.ts'
import { startWebhook } from '../support/admission-webhook.ts'
import type { ApiServer } from '../support/api-server.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { startDaemon } from '../support/daemon.ts'
import { startKubelet, type Kubelet } from '../support/kubelet.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { busybox, fixture, nixBuild, nixEnv, only } from '../support/nix.ts'
import { PROFILES, clusterOf, configMap, installOperator } from '../support/operator-rig.ts'
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

type Node = {
  readonly provider: ApiServer
  readonly cluster: Cluster
  readonly kubelet: Kubelet
  /** The address of the registry that the node pulls from. */
  readonly registry: string
}

/** There is no network plugin and no scheduler here, so Pods use the host's network on the one node. */
function onTheNode(): readonly Json[] {
  return [
    { op: 'add', path: '/spec/hostNetwork', value: true },
    { op: 'add', path: '/spec/nodeName', value: 'node' },
    { op: 'add', path: '/spec/tolerations', value: [{ operator: 'Exists' }] },
  ]
}

function isOperator(pod: Json): boolean {
  return textAt(listAt(pod, 'spec', 'containers')[0], 'name') === 'operator'
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

void t.test('a delivery on a real node', { skip, timeout: 6 * LIMIT_MS }, async (t) => {
  const registry = await startPushless(t)
  const sandbox = only(await nixBuild(fixture('pods.nix'), ['-A', 'sandbox']))
  const { provider } = await startControlPlane(t, { hasControllers: true, hasRoles: true })
  const cluster = clusterOf(t, provider.kubeconfig)
  await installOperator(cluster)
  const patchOfOperator = await operatorPatch(provider.url)
  const webhook = await startWebhook(t, (pod) => ({
    patch: isOperator(pod) ? [...onTheNode(), ...patchOfOperator()] : onTheNode(),
  }))
  for (const namespace of ['default', OPERATOR_NAMESPACE])
    await cluster.apply(
      webhook.configuration('Mutating', namespace, { resources: ['pods'], operations: ['CREATE'] }),
    )
  const kubelet = await startKubelet(t, {
    url: registry.url,
    sandboxImage: imageName(sandbox),
    kubeconfig: provider.kubeconfig,
  })
  const node: Node = { provider, cluster, kubelet, registry: registry.url }
  await t.test('from app.yaml to a running container, and back', async (t) => fromAppToContainer(t, node))
  await t.test('the operator in its own Pods', async (t) => inItsPods(t, node))
})

/** Two Pods of which one leads. The other one takes its place when it is killed. */
async function inItsPods(t: Test, node: Node): Promise<void> {
  const { cluster, kubelet } = node
  const mapIs = async (data: string) => {
    const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'web' })
    t.equal(textAt(live, 'data', 'a'), data)
  }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const sets = [configMap('web', { a: 'first' }), configMap('web', { a: 'second' })]
  const { objects, paths } = await operatorInstallation(t, 'shop', sets)
  const [first = '', second = ''] = paths
  for (const object of objects) await cluster.apply(object, { force: true })
  const { leader, other } = await leadingPod(node)
  await deliverPath(cluster, 'shop', first)
  await mapIs('first')

  await killPod(kubelet, leader)
  const took = await deliverPath(cluster, 'shop', second)
  t.comment(`delivered by another leader ${Math.round(took)} ms after the first one was killed`)
  await mapIs('second')
  t.equal(await isLeading(other), true, 'the other Pod leads')
}

async function fromAppToContainer(t: Test, { provider, cluster, kubelet, registry }: Node): Promise<void> {
  const directory = await temporaryDirectory(t, 'delivery-kubelet')
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, provider.kubeconfig)
  const run = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN] as const
  await startDaemon(t, {
    command: [
      ...run,
      'operator',
      `--kubeconfig=${kubeconfig}`,
      `--state=${join(directory, 'state')}`,
      `--registry=${registry}`,
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
}
